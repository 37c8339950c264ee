#include "tenancy/application_documents.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/offload.h"
#include "store/rocks/engine.h"
#include "support/run_task.h"
#include "tenancy/documents.h"
#include "tenancy/system_database.h"
#include "unit/auth/fakes.h"

namespace mycouch::tenancy {
namespace {

using testing::ElementsAre;

constexpr std::string_view kSystem = "couch-sitter";

template <class T>
Result<T> run(Task<T> task) {
  return testing_support::run_task(std::move(task));
}

class ApplicationDocumentsTest : public testing::Test {
 protected:
  ApplicationDocumentsTest() : store_(*store::rocks::open({}, pool_)) {
    store_->set_scope_rule(std::string(kSystem), scopes_of);
    EXPECT_TRUE(run(store_->create(std::string(kSystem))));
    auth::Application configured;
    configured.id = "configured";
    configured.issuer = "https://configured";
    EXPECT_TRUE(issuers_.add(configured));
    loop_ = std::make_unique<auth::Loop>();
  }
  ~ApplicationDocumentsTest() override {
    if (documents_) documents_->stop();
    store_->stop();
    pool_.join();
    if (loop_) loop_->end();  // as the server's threads do, while its executors outlive the store
    store_->close();
    loop_.reset();
  }

  void start() {
    documents_ = std::make_unique<ApplicationDocuments>(*store_, std::string(kSystem), issuers_);
    EXPECT_TRUE(run(documents_->load()));
    documents_->start(loop_->executor());
  }

  /// The members beside `_id`; nothing: a tombstone.
  void put(const std::string& id, std::optional<std::string_view> members) {
    json::Object document{{"_id", "application_" + id}};
    auto current = run(SystemDatabase(*store_, std::string(kSystem)).read("application_" + id));
    if (*current) set_revision(document, std::string(*(*current)->string("_rev")));
    if (members) {
      const json::Value parsed = *json::parse(*members);
      for (const auto& [name, value] : *parsed.as_object()) document.set(name, value);
    } else {
      document.set("_deleted", true);
    }
    store::DatabaseEdits part{.database = std::string(kSystem), .confinement = {}, .edits = {}};
    part.edits.push_back(*edit_of(document));
    std::vector<store::DatabaseEdits> parts;
    parts.push_back(std::move(part));
    EXPECT_TRUE(run(store_->write_together(std::move(parts))));
  }
  void put_usable(const std::string& id, const std::string& issuer, const std::string& database = "x") {
    put(id, R"({"type":"application","issuer":")" + issuer + R"(","subject_prefix":")" + id +
                R"(-","databases":[")" + database + "\"]}");
  }

  std::vector<std::string> ids() {
    std::vector<std::string> all;
    for (const auto& application : issuers_.applications()) all.push_back(application->id);
    return all;
  }
  template <class Condition>
  bool comes_true(Condition condition) {
    return auth::eventually(condition);
  }
  bool serves(const std::string& id, std::string_view database) {
    auto application = issuers_.application(id);
    return application != nullptr && application->serves(database);
  }

  base::Pool pool_{2};
  std::unique_ptr<store::Store> store_;
  auth::Issuers issuers_{base::system_clock()};
  std::unique_ptr<auth::Loop> loop_;
  std::unique_ptr<ApplicationDocuments> documents_;
};

TEST_F(ApplicationDocumentsTest, AreThereFromTheStart) {
  put_usable("a", "https://a");
  documents_ = std::make_unique<ApplicationDocuments>(*store_, std::string(kSystem), issuers_);
  ASSERT_TRUE(run(documents_->load()));
  EXPECT_THAT(ids(), ElementsAre("a", "configured"));
}

TEST_F(ApplicationDocumentsTest, ComeChangeAndGoWhileTheServerRuns) {
  start();
  put_usable("a", "https://a");
  ASSERT_TRUE(comes_true([&] { return serves("a", "x"); }));
  put_usable("a", "https://a", "y");
  ASSERT_TRUE(comes_true([&] { return serves("a", "y"); }));
  EXPECT_FALSE(serves("a", "x"));
  put_usable("a", "https://moved", "y");
  ASSERT_TRUE(comes_true([&] { return issuers_.find("https://moved").has_value(); }));
  EXPECT_FALSE(issuers_.find("https://a"));
  put("a", std::nullopt);
  EXPECT_TRUE(comes_true([&] { return issuers_.application("a") == nullptr; }));
}

TEST_F(ApplicationDocumentsTest, AnUnusableOneLeavesWhatWasThere) {
  put_usable("a", "https://a");
  start();
  put("a", R"({"issuer":"https://a","databases":[],"subject_prefix":"a-"})");
  put_usable("b", "https://b");
  ASSERT_TRUE(comes_true([&] { return issuers_.application("b") != nullptr; }));
  EXPECT_TRUE(serves("a", "x"));
  put_usable("a", "https://a", "y");
  EXPECT_TRUE(comes_true([&] { return serves("a", "y"); }));
}

TEST_F(ApplicationDocumentsTest, TheConfigurationFileGoesFirst) {
  put_usable("configured", "https://other");
  start();
  EXPECT_EQ(issuers_.application("configured")->issuer, "https://configured");
  put("configured", std::nullopt);
  put_usable("a", "https://a");
  ASSERT_TRUE(comes_true([&] { return issuers_.application("a") != nullptr; }));
  EXPECT_THAT(ids(), ElementsAre("a", "configured"));
}

TEST_F(ApplicationDocumentsTest, OneThatWasInTheWayOfAnotherMakesRoom) {
  put_usable("a", "https://same");
  start();
  put_usable("b", "https://same");
  put_usable("c", "https://c");
  ASSERT_TRUE(comes_true([&] { return issuers_.application("c") != nullptr; }));
  EXPECT_EQ(issuers_.application("b"), nullptr);
  put("a", std::nullopt);
  EXPECT_TRUE(comes_true([&] { return issuers_.application("b") != nullptr; }));
}

}  // namespace
}  // namespace mycouch::tenancy
