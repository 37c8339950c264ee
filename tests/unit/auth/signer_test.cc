#include "auth/signer.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "auth/jwk.h"
#include "auth/jwt.h"
#include "base/random.h"

namespace mycouch::auth {
namespace {

class SignerFile : public testing::Test {
 protected:
  SignerFile() { std::filesystem::create_directory(folder_); }
  ~SignerFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("signer-" + base::random_uuid());
  std::filesystem::path path_ = folder_ / "key.pem";
};

void expect_verifies(const std::string& token, const std::string& jwks) {
  auto keys = parse_jwks(jwks);
  ASSERT_TRUE(keys && keys->size() == 1);
  auto jws = read_jws(token);
  ASSERT_TRUE(jws) << jws.error().reason;
  EXPECT_EQ(jws->kid, keys->front().kid());
  EXPECT_TRUE(keys->front().verify(jws->algorithm, jws->signed_text, jws->signature));
}

TEST(Signer, ItsTokensVerifyUnderItsKeySet) {
  Signer signer = Signer::generate();
  std::string token = signer.sign({{"sub", "alice"}});
  expect_verifies(token, signer.jwks());
  EXPECT_EQ(read_jws(token)->payload, R"({"sub":"alice"})");
  EXPECT_EQ(signer.kid().size(), 43u);
  EXPECT_NE(signer.kid(), Signer::generate().kid());
}

TEST_F(SignerFile, IsMadeOnceForItsOwnerOnlyAndKept) {
  auto first = Signer::open(path_);
  ASSERT_TRUE(first) << first.error().reason;
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  auto second = Signer::open(path_);
  ASSERT_TRUE(second) << second.error().reason;
  EXPECT_EQ(first->kid(), second->kid());
  expect_verifies(second->sign({}), first->jwks());
}

TEST_F(SignerFile, IsTheSameForAllWhoOpenItAtOnce) {
  std::vector<std::string> kids(6);
  {
    std::vector<std::jthread> threads;
    for (std::string& kid : kids) {
      threads.emplace_back([&] {
        if (auto signer = Signer::open(path_)) kid = signer->kid();
      });
    }
  }
  for (const std::string& kid : kids) EXPECT_EQ(kid, kids.front());
  EXPECT_NE(kids.front(), "");
  // Nothing of the losers is left.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(SignerFile, AFileThatIsNoKeyIsLeftAlone) {
  std::ofstream(path_) << "not a key";
  auto signer = Signer::open(path_);
  ASSERT_FALSE(signer);
  EXPECT_EQ(signer.error().code, Errc::bad_request);
  EXPECT_EQ(std::filesystem::file_size(path_), 9u);
}

TEST_F(SignerFile, AFolderThatIsNotThereIsAnError) {
  auto signer = Signer::open(folder_ / "no" / "key.pem");
  ASSERT_FALSE(signer);
  EXPECT_EQ(signer.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace mycouch::auth
