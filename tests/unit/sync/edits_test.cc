#include "sync/edits.h"

#include <gtest/gtest.h>

namespace mycouch::sync {
namespace {

const WriteRules kTenant{.stamp = {"tenant", "tenant_a"}, .design_code = false};

Errc refused(std::string_view body, std::string_view id, const WriteRules& rules) {
  auto edit = read_edit(body, id, true, rules);
  EXPECT_FALSE(edit.has_value()) << body;
  return edit ? Errc::internal : edit.error().code;
}

TEST(Edits, CodeOfATenantIsRefused) {
  for (std::string_view body : {R"({"views":{"a":{"map":"…"}}})", R"({"views":{}})", R"({"filters":{}})",
                                R"({"validate_doc_update":"…"})", R"({"language":"query","updates":{}})"}) {
    EXPECT_EQ(refused(body, "_design/x", kTenant), Errc::forbidden) << body;
  }
}

TEST(Edits, IndexDefinitionsAndOtherDesignDocumentsAreNoCode) {
  for (std::string_view body :
       {R"({"language":"query","views":{}})", R"({"note":1})", R"({"_deleted":true})"}) {
    EXPECT_TRUE(read_edit(body, "_design/x", true, kTenant).has_value()) << body;
  }
}

TEST(Edits, ThoseMembersMeanNothingElsewhere) {
  EXPECT_TRUE(read_edit(R"({"views":3,"filters":1})", "x", true, kTenant).has_value());
}

TEST(Edits, TheAdministratorMayKeepCode) {
  EXPECT_TRUE(read_edit(R"({"views":{}})", "_design/x", true, {}).has_value());
}

TEST(Edits, AnothersStampIsRefused) {
  EXPECT_EQ(refused(R"({"tenant":"tenant_b"})", "x", kTenant), Errc::forbidden);
}

}  // namespace
}  // namespace mycouch::sync
