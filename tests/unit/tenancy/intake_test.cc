#include "tenancy/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mycouch::tenancy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::UnorderedElementsAre;

IncomingLeaf leaf(std::string_view rev, std::string tenant, bool deleted = false) {
  doc::Edit edit;
  edit.id = "x";
  edit.deleted = deleted;
  const doc::Revision revision = *doc::parse_revision(rev);
  edit.path = {revision.generation, {revision.hash}};
  return {std::move(edit), std::move(tenant)};
}

std::vector<std::string> revs(const std::vector<doc::Edit>& edits) {
  std::vector<std::string> out;
  for (const doc::Edit& edit : edits) out.push_back(edit.path.leaf().text());
  return out;
}

TEST(TakeTenant, ReadsTheFieldAndKeepsTheBody) {
  std::string body = R"({"n":1.50,"tenant":"tenant_a"})";
  EXPECT_EQ(*take_tenant(body, "tenant"), "tenant_a");
  EXPECT_EQ(body, R"({"n":1.50,"tenant":"tenant_a"})");
}

TEST(TakeTenant, WritesTheInternalIdInTheFieldsPlace) {
  std::string body = R"({"n":1.50,"tenant":"a\u0022b","z":[{"tenant":"a"}]})";
  EXPECT_EQ(*take_tenant(body, "tenant"), "tenant_a\"b");
  EXPECT_EQ(body, R"({"n":1.50,"tenant":"tenant_a\"b","z":[{"tenant":"a"}]})");
}

TEST(TakeTenant, ElsewhereNoTenantIsNamed) {
  for (std::string body : {R"({})", R"({"tenant":""})", R"({"tenant":["a"]})", R"({"x":{"tenant":"a"}})"}) {
    const std::string before = body;
    EXPECT_EQ(*take_tenant(body, "tenant"), "");
    EXPECT_EQ(body, before);
  }
}

TEST(Place, EachLeafGoesToTheTenantThatItNames) {
  const Placement placed = place({leaf("2-b", "tenant_a"), leaf("2-a", "tenant_b"), leaf("1-c", "tenant_a")});
  EXPECT_THAT(placed.by_tenant, UnorderedElementsAre(Key("tenant_a"), Key("tenant_b")));
  EXPECT_THAT(revs(placed.by_tenant.at("tenant_a")), ElementsAre("2-b", "1-c"));
  EXPECT_THAT(revs(placed.by_tenant.at("tenant_b")), ElementsAre("2-a"));
  EXPECT_THAT(placed.nowhere, IsEmpty());
}

TEST(Place, ATombstoneWithoutATenantGoesWhereTheOtherLeavesGo) {
  const Placement placed = place({leaf("3-t", "", true), leaf("2-a", "tenant_a"), leaf("2-b", "tenant_b")});
  EXPECT_THAT(revs(placed.by_tenant.at("tenant_a")), ElementsAre("2-a", "3-t"));
  EXPECT_THAT(revs(placed.by_tenant.at("tenant_b")), ElementsAre("2-b", "3-t"));
}

TEST(Place, ALiveLeafWithoutATenantGoesNowhere) {
  const Placement placed = place({leaf("2-x", ""), leaf("2-a", "tenant_a")});
  EXPECT_THAT(revs(placed.nowhere), ElementsAre("2-x"));
  EXPECT_THAT(revs(placed.by_tenant.at("tenant_a")), ElementsAre("2-a"));
}

TEST(Place, TombstonesAloneGoNowhere) {
  const Placement placed = place({leaf("2-x", "", true)});
  EXPECT_THAT(placed.by_tenant, IsEmpty());
  EXPECT_THAT(revs(placed.nowhere), ElementsAre("2-x"));
}

}  // namespace
}  // namespace mycouch::tenancy
