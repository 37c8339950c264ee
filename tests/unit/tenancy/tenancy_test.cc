#include "tenancy/tenancy.h"

#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/offload.h"
#include "base/waiter.h"
#include "store/rocks/engine.h"
#include "support/run_task.h"
#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

namespace asio = boost::asio;
using testing::AnyOf;
using testing::ElementsAre;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::string_view kSystem = "couch-sitter";

template <class T>
Result<T> run(Task<T> task) {
  return testing_support::run_task(std::move(task));
}

// Stands where a principal is asked for, and where an actor is.
struct Caller : auth::Principal {
  operator Actor() const {
    return {.principal = std::make_shared<auth::Principal>(*this), .request_id = "request", .address = "::1"};
  }
};

class TenancyTest : public testing::Test {
 protected:
  TenancyTest()
      : store_(*store::rocks::open({}, pool_)),
        issuers_(base::system_clock()),
        tenancy_(std::make_unique<Tenancy>(*store_, std::string(kSystem), issuers_, base::system_clock())) {
    EXPECT_TRUE(run(tenancy_->start()));
  }
  ~TenancyTest() override { store_->close(); }

  static Caller user(std::string sub, auth::TenantSource source = auth::TenantSource::claim) {
    auto application = std::make_shared<auth::Application>();
    application->id = "roady";
    application->issuer = "https://issuer.example";
    application->tenant_source = source;
    Caller caller;
    caller.application = application;
    caller.user_id = "user_" + sub;
    caller.name = sub;
    caller.sub = std::move(sub);
    return caller;
  }

  static Caller claiming(std::string sub, std::string tenant) {
    Caller caller = user(std::move(sub));
    caller.active_tenant = std::move(tenant);
    return caller;
  }

  static Caller administrator() {
    Caller caller;
    caller.administrator = true;
    return caller;
  }

  // Writes as anyone but Tenancy may: an administrator, or a server that was stopped halfway.
  std::string put(const json::Object& document) {
    return *run([](store::Store& store, json::Object written) -> Task<std::string> {
      MYCOUCH_CO_TRY(auto database, co_await store.open(std::string(kSystem), {}));
      MYCOUCH_CO_TRY(doc::Edit edit, edit_of(written));
      std::vector<doc::Edit> edits;
      edits.push_back(std::move(edit));
      MYCOUCH_CO_TRY(auto outcomes, co_await database->write(std::move(edits), {}));
      if (outcomes.front().error) co_return std::unexpected(*outcomes.front().error);
      co_return outcomes.front().revision.text();
    }(*store_, document));
  }

  std::vector<std::string> ids_in_scope(const std::string& scope) {
    store::ChangesPage page = *run([](store::Store& store, std::string name) -> Task<store::ChangesPage> {
      MYCOUCH_CO_TRY(auto database,
                     co_await store.open(std::string(kSystem), {.partition = "", .scope = name}));
      co_return co_await database->changes({});
    }(*store_, scope));
    std::vector<std::string> ids;
    for (const store::ChangeRow& row : page.rows) ids.push_back((row.deleted ? "-" : "") + row.id);
    return ids;
  }

  std::string create_tenant(const Caller& caller, std::string_view name) {
    Result<json::Object> tenant = run(tenancy_->create_tenant(caller, {{"name", name}}));
    EXPECT_TRUE(tenant);
    return std::string(id_of(*tenant));
  }

  // Adds or removes a member, as an owner will be able to.
  void set_member(const std::string& tenant_id, const std::string& user_id, std::optional<Role> role) {
    json::Object tenant = *run(tenancy_->tenant(administrator(), tenant_id));
    json::Object& members = *tenant.find("members")->as_object();
    if (role) {
      members.set(user_id, json::Object{{"role", to_string(*role)}, {"joinedAt", "2026-01-01T00:00:00Z"}});
    } else {
      members.erase(user_id);
    }
    put(tenant);
  }

  Errc access_error(const auth::Principal& caller, const std::string& tenant_id) {
    Result<Access> access = run(tenancy_->access(caller, tenant_id));
    EXPECT_FALSE(access);
    return access ? Errc::internal : access.error().code;
  }

  // The user's document, read by that user or the administrator.
  json::Object read_user(const Caller& caller, const std::string& id) {
    Result<std::string> text = run(tenancy_->user(caller, id));
    EXPECT_TRUE(text) << text.error().reason;
    return *json::parse(*text)->as_object();
  }

  std::vector<std::string> names_of_tenants(const Caller& caller) {
    Result<std::string> text = run(tenancy_->tenants(caller));
    EXPECT_TRUE(text) << text.error().reason;
    std::vector<std::string> names;
    const json::Value tenants = *json::parse(*text);
    for (const json::Value& tenant : *tenants.as_array())
      names.emplace_back(*tenant.as_object()->string("name"));
    return names;
  }

  std::optional<asio::thread_pool> threads_;  // outlives the store, whose writer may still be posting to it
  base::Pool pool_{2};
  std::unique_ptr<store::Store> store_;
  auth::Issuers issuers_;
  std::unique_ptr<Tenancy> tenancy_;
};

TEST_F(TenancyTest, AFirstRequestSetsTheUserUpAndAsksForAFreshToken) {
  std::string active;
  Result<Access> access = run(tenancy_->active_access(user("jo"), &active));
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code, Errc::token_refresh_required);
  EXPECT_EQ(active, "tenant_jo_personal");

  access = run(tenancy_->active_access(claiming("jo", active), &active));
  ASSERT_TRUE(access);
  EXPECT_EQ(access->tenant, "tenant_jo_personal");
  EXPECT_EQ(access->role, Role::owner);
}

TEST_F(TenancyTest, WithTheProfileAsSourceAFirstRequestSucceeds) {
  std::string active;
  for (int i = 0; i < 2; ++i) {
    Result<Access> access = run(tenancy_->active_access(user("jo", auth::TenantSource::profile), &active));
    ASSERT_TRUE(access);
    EXPECT_EQ(access->tenant, "tenant_jo_personal");
  }
}

TEST_F(TenancyTest, AClaimOfAPersonalTenantThatIsNotThereYetIsMadeTrue) {
  std::string active;
  EXPECT_TRUE(run(tenancy_->active_access(claiming("jo", "tenant_jo_personal"), &active)));
}

TEST_F(TenancyTest, AClaimOfAnotherTenantIsForbiddenWhetherItExistsOrNot) {
  ASSERT_TRUE(run(tenancy_->bootstrap(user("ann"))));
  std::string active;
  for (const char* tenant : {"tenant_ann_personal", "tenant_nowhere"}) {
    Result<Access> access = run(tenancy_->active_access(claiming("jo", tenant), &active));
    ASSERT_FALSE(access) << tenant;
    EXPECT_EQ(access.error().code, Errc::forbidden) << tenant;
  }
}

TEST_F(TenancyTest, FiftyFirstRequestsAtOnceLeaveOneUserAndOneTenant) {
  asio::thread_pool& threads = threads_.emplace(4);
  std::vector<std::future<Result<Bootstrap>>> results;
  const Actor jo = user("jo");
  for (int i = 0; i < 50; ++i) {
    results.push_back(asio::co_spawn(asio::make_strand(threads), tenancy_->bootstrap(jo), asio::use_future));
  }
  int bootstrapped = 0;
  std::set<std::string> user_revisions;
  for (auto& result : results) {
    Result<Bootstrap> each = result.get();
    ASSERT_TRUE(each) << each.error().reason;
    EXPECT_EQ(each->active_tenant_id, "tenant_jo_personal");
    EXPECT_EQ(id_of(each->tenant), "tenant_jo_personal");
    user_revisions.emplace(*each->user.string("_rev"));
    bootstrapped += each->bootstrapped ? 1 : 0;
  }
  EXPECT_EQ(bootstrapped, 1);
  EXPECT_EQ(user_revisions.size(), 1U);
  EXPECT_TRUE(user_revisions.begin()->starts_with("1-"));
  EXPECT_THAT(ids_in_scope(""), UnorderedElementsAre("tenant_jo_personal", "user_jo"));
}

TEST_F(TenancyTest, ABootstrapThatWasStoppedBetweenItsTwoWritesIsFinished) {
  put(new_personal_tenant(user("jo"), base::system_clock().now()));
  Result<Bootstrap> bootstrap = run(tenancy_->bootstrap(user("jo")));
  ASSERT_TRUE(bootstrap);
  EXPECT_TRUE(bootstrap->bootstrapped);
  EXPECT_TRUE(bootstrap->tenant.string("_rev")->starts_with("1-"));
  EXPECT_TRUE(lists_tenant(bootstrap->user, "tenant_jo_personal"));
}

TEST_F(TenancyTest, AUserBelongsToAThousandTenantsAtMost) {
  ASSERT_TRUE(run(tenancy_->bootstrap(user("jo"))));
  for (int i = 1; i < 1'000; ++i) put(new_tenant(user("jo"), "tenant_" + std::to_string(i), "B", {}, {}));
  ASSERT_TRUE(run(tenancy_->bootstrap(user("ann"))));
  auto refused = run(tenancy_->create_tenant(user("jo"), {{"name", "One more"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::forbidden);

  json::Object band = *run(tenancy_->create_tenant(user("ann"), {{"name", "Band"}}));
  auto invitation = run(tenancy_->invite(user("ann"), std::string(id_of(band)), {{"role", "member"}}));
  auto accepted = run(tenancy_->accept_invitation(user("jo"), invitation->token));
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, Errc::forbidden);
  EXPECT_THAT(*run(tenancy_->invitations(user("ann"), std::string(id_of(band)))), SizeIs(1));
}

TEST_F(TenancyTest, ATenantIsNotGivenToAUserWhoWasDeleted) {
  ASSERT_TRUE(run(tenancy_->bootstrap(user("ann"))));
  const std::string band(id_of(*run(tenancy_->create_tenant(user("jo"), {{"name", "Band"}}))));
  auto invitation = run(tenancy_->invite(user("jo"), band, {{"role", "admin"}}));
  ASSERT_TRUE(run(tenancy_->accept_invitation(user("ann"), invitation->token)));
  json::Object ann = read_user(user("ann"), "user_ann");
  ann.set("deleted", true);
  put(ann);
  auto refused = run(tenancy_->transfer(user("jo"), band, {{"userId", "user_ann"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_EQ(run(tenancy_->tenant(user("jo"), band))->string("userId"), "user_jo");
}

TEST_F(TenancyTest, ATenantWhoseUserWasNotWrittenIsListedByTheNextRead) {
  ASSERT_TRUE(run(tenancy_->bootstrap(user("jo"))));
  put(new_tenant(user("jo"), "tenant_b", "B", {}, base::system_clock().now()));
  const json::Object read = read_user(user("jo"), "user_jo");
  EXPECT_TRUE(lists_tenant(read, "tenant_b"));
  EXPECT_TRUE(read.string("_rev")->starts_with("2-"));
  EXPECT_EQ(read_user(user("jo"), "user_jo"), read);
}

TEST_F(TenancyTest, SystemDocumentsAreInTheScopesOfTheirReadersOnly) {
  ASSERT_TRUE(run(tenancy_->bootstrap(user("jo"))));
  ASSERT_TRUE(run(tenancy_->bootstrap(user("ann"))));
  EXPECT_THAT(ids_in_scope("user_jo"), ElementsAre("user_jo"));
  EXPECT_THAT(ids_in_scope(tenants_scope("user_jo")), ElementsAre("tenant_jo_personal"));
  set_member("tenant_ann_personal", "user_jo", Role::member);
  EXPECT_THAT(ids_in_scope(tenants_scope("user_jo")),
              ElementsAre("tenant_jo_personal", "tenant_ann_personal"));
  set_member("tenant_ann_personal", "user_jo", std::nullopt);
  EXPECT_THAT(ids_in_scope(tenants_scope("user_jo")),
              ElementsAre("tenant_jo_personal", "-tenant_ann_personal"));
}

TEST_F(TenancyTest, AccessTellsStrangersAndMissingTenantsApart) {
  ASSERT_TRUE(run(tenancy_->bootstrap(user("jo"))));
  EXPECT_EQ(access_error(user("ann"), "tenant_jo_personal"), Errc::forbidden);
  EXPECT_EQ(access_error(user("ann"), "tenant_nowhere"), Errc::not_found);
  EXPECT_EQ(access_error(administrator(), "tenant_nowhere"), Errc::not_found);
  EXPECT_TRUE(run(tenancy_->access(administrator(), "tenant_jo_personal")));
}

TEST_F(TenancyTest, ASoftDeletedTenantIsThereForTheAdministratorOnly) {
  const std::string id = create_tenant(user("jo"), "Band");
  ASSERT_TRUE(run(tenancy_->access(user("jo"), id)));
  json::Object tenant = *run(tenancy_->tenant(user("jo"), id));
  tenant.set("deleted", true);
  put(tenant);
  EXPECT_EQ(access_error(user("jo"), id), Errc::not_found);
  EXPECT_EQ(run(tenancy_->tenant(user("jo"), id)).error().code, Errc::not_found);
  EXPECT_TRUE(run(tenancy_->access(administrator(), id)));
  EXPECT_THAT(names_of_tenants(user("jo")), ElementsAre("jo's Workspace"));
  EXPECT_FALSE(lists_tenant(read_user(user("jo"), "user_jo"), id));
}

TEST_F(TenancyTest, ASoftDeletedUserIsOutAtTheNextRequest) {
  const std::string id = create_tenant(user("jo"), "Band");
  const Caller jo = claiming("jo", id);
  std::string active;
  ASSERT_TRUE(run(tenancy_->access(jo, id)));
  ASSERT_TRUE(run(tenancy_->active_access(jo, &active)));
  json::Object document = read_user(administrator(), "user_jo");
  document.set("deleted", true);
  put(document);

  const Error deleted{Errc::forbidden, "this user was deleted"};
  const auto is_deleted = [&](const auto& result) {
    return !result && result.error().code == deleted.code && result.error().reason == deleted.reason;
  };
  EXPECT_TRUE(is_deleted(run(tenancy_->access(jo, id))));
  EXPECT_TRUE(is_deleted(run(tenancy_->active_access(jo, &active))));
  EXPECT_TRUE(is_deleted(run(tenancy_->active_access(user("jo", auth::TenantSource::profile), &active))));
  EXPECT_TRUE(is_deleted(run(tenancy_->tenant(jo, id))));
  EXPECT_TRUE(is_deleted(run(tenancy_->tenants(jo))));
  EXPECT_TRUE(is_deleted(run(tenancy_->user(jo, "user_jo"))));
  EXPECT_TRUE(is_deleted(run(tenancy_->bootstrap(jo))));
  EXPECT_TRUE(run(tenancy_->access(administrator(), id)));

  document = read_user(administrator(), "user_jo");
  document.erase("deleted");
  put(document);
  EXPECT_TRUE(run(tenancy_->access(jo, id)));
}

TEST_F(TenancyTest, ACallerOfAnotherApplicationWithTheSameIdIsForbidden) {
  const Caller owner = claiming("b-x", "tenant_b-x_personal");
  ASSERT_TRUE(run(tenancy_->bootstrap(owner)));
  Caller other = owner;  // of an application with the prefix "b-"
  other.sub = "x";
  std::string active;
  for (const Error& error :
       {run(tenancy_->access(other, "tenant_b-x_personal")).error(),
        run(tenancy_->active_access(other, &active)).error(),
        run(tenancy_->tenant(other, "tenant_b-x_personal")).error(), run(tenancy_->tenants(other)).error(),
        run(tenancy_->bootstrap(other)).error(), run(tenancy_->user(other, "user_b-x")).error(),
        run(tenancy_->put_user(other, "user_b-x", {{"name", "x"}})).error()}) {
    EXPECT_EQ(error.code, Errc::forbidden);
    EXPECT_EQ(error.reason, "this user belongs to another application");
  }
  EXPECT_TRUE(run(tenancy_->active_access(owner, &active)));
}

TEST_F(TenancyTest, AMemberWhoIsRemovedIsOutAtTheNextRequest) {
  const std::string id = create_tenant(user("jo"), "Band");
  for (int i = 0; i < 20; ++i) {
    set_member(id, "user_ann", Role::viewer);
    Result<Access> access = run(tenancy_->access(user("ann"), id));
    ASSERT_TRUE(access);
    EXPECT_EQ(access->role, Role::viewer);
    set_member(id, "user_ann", std::nullopt);
    EXPECT_EQ(access_error(user("ann"), id), Errc::forbidden);
  }
}

TEST_F(TenancyTest, AnActiveTenantThatWasLeftFallsBackToThePersonalOne) {
  const std::string id = create_tenant(user("jo"), "Band");
  set_member(id, "user_ann", Role::member);
  ASSERT_TRUE(run(tenancy_->put_user(user("ann"), "user_ann", {{"active_tenant_id", id}})));
  EXPECT_EQ(*run(tenancy_->active_tenant_of("user_ann")), id);
  set_member(id, "user_ann", std::nullopt);
  std::string active;
  Result<Access> access = run(tenancy_->active_access(user("ann", auth::TenantSource::profile), &active));
  ASSERT_TRUE(access);
  EXPECT_EQ(access->tenant, "tenant_ann_personal");
}

TEST_F(TenancyTest, AFeedIsWokenWhenItsReadersMembershipChanges) {
  const std::string id = create_tenant(user("jo"), "Band");
  asio::io_context context;
  auto waiter = base::Waiter::create(context.get_executor());
  Result<store::Subscription> watch = run(tenancy_->watch_memberships(user("jo"), waiter));
  ASSERT_TRUE(watch);
  set_member(id, "user_ann", Role::member);
  auto woken =
      asio::co_spawn(context, waiter->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(10)),
                     asio::use_future);
  context.run();
  EXPECT_TRUE(woken.get());
}

TEST_F(TenancyTest, AnotherUsersDocumentIsForbiddenWhetherItExistsOrNot) {
  ASSERT_TRUE(run(tenancy_->bootstrap(user("jo"))));
  for (const char* id : {"user_jo", "user_nobody"}) {
    EXPECT_EQ(run(tenancy_->user(user("ann"), id)).error().code, Errc::forbidden) << id;
    EXPECT_EQ(run(tenancy_->put_user(user("ann"), id, {{"name", "x"}})).error().code, Errc::forbidden) << id;
  }
  EXPECT_TRUE(run(tenancy_->user(administrator(), "user_jo")));
  EXPECT_EQ(run(tenancy_->user(administrator(), "user_nobody")).error().code, Errc::not_found);
}

TEST_F(TenancyTest, ReadingOnesOwnDocumentSetsAFirstTimeCallerUp) {
  EXPECT_EQ(read_user(user("jo"), "user_jo").string("active_tenant_id"), "tenant_jo_personal");
}

TEST_F(TenancyTest, AUserIsPutWithAndWithoutARevision) {
  Result<Tenancy::Written> first = run(tenancy_->put_user(user("jo"), "user_jo", {{"name", "Jo"}}));
  ASSERT_TRUE(first);
  Result<Tenancy::Written> second =
      run(tenancy_->put_user(user("jo"), "user_jo", {{"name", "Joanna"}, {"_rev", first->rev}}));
  ASSERT_TRUE(second);
  Result<Tenancy::Written> stale = run(tenancy_->put_user(user("jo"), "user_jo", {{"_rev", first->rev}}));
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Errc::conflict);
  EXPECT_EQ(read_user(user("jo"), "user_jo").string("name"), "Joanna");
}

TEST_F(TenancyTest, PutsWithoutARevisionAllSucceedAtOnce) {
  asio::thread_pool& threads = threads_.emplace(4);
  std::vector<std::future<Result<Tenancy::Written>>> results;
  const Actor jo = user("jo");
  for (int i = 0; i < 8; ++i) {
    results.push_back(asio::co_spawn(asio::make_strand(threads),
                                     tenancy_->put_user(jo, "user_jo", {{"name", std::to_string(i)}}),
                                     asio::use_future));
  }
  std::set<std::string> revisions;
  for (auto& result : results) {
    Result<Tenancy::Written> written = result.get();
    ASSERT_TRUE(written) << written.error().reason;
    revisions.insert(written->rev);
  }
  EXPECT_EQ(revisions.size(), 8U);
}

TEST_F(TenancyTest, TenantsAreListedByName) {
  create_tenant(user("jo"), "Zebra");
  create_tenant(user("jo"), "Ant");
  create_tenant(user("ann"), "Other");
  EXPECT_THAT(names_of_tenants(user("jo")), ElementsAre("Ant", "Zebra", "jo's Workspace"));
}

TEST_F(TenancyTest, ANewTenantIsListedWithItsCreatorAsOwner) {
  const std::string id = create_tenant(user("jo"), "Band");
  EXPECT_EQ(run(tenancy_->access(user("jo"), id))->role, Role::owner);
  json::Object jo = read_user(user("jo"), "user_jo");
  EXPECT_TRUE(lists_tenant(jo, id));
  EXPECT_EQ(jo.string("active_tenant_id"), "tenant_jo_personal");
}

TEST_F(TenancyTest, EverythingIsFoundAgainByANewInstance) {
  const std::string id = create_tenant(user("jo"), "Band");
  Tenancy other(*store_, std::string(kSystem), issuers_, base::system_clock());
  ASSERT_TRUE(run(other.start()));
  EXPECT_TRUE(run(other.access(user("jo"), id)));
  EXPECT_FALSE(run(other.bootstrap(user("jo")))->bootstrapped);
}

TEST(TenancyIds, AreAlwaysPrefixed) {
  EXPECT_EQ(Tenancy::internal_tenant_id("team123"), "tenant_team123");
  EXPECT_EQ(Tenancy::internal_tenant_id("tenant_team123"), "tenant_team123");
  auth::Principal caller;
  caller.user_id = "user_jo";
  EXPECT_EQ(Tenancy::internal_user_id(caller, "_me"), "user_jo");
  EXPECT_EQ(Tenancy::internal_user_id(caller, "user_2x"), "user_user_2x");
}

}  // namespace
}  // namespace mycouch::tenancy
