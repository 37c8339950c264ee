#include "auth/principal.h"

#include <gtest/gtest.h>

namespace mycouch::auth {
namespace {

TEST(Algorithm, NamesAreReadAndWritten) {
  for (const char* name : {"RS256", "RS384", "RS512", "PS256", "ES256", "EdDSA"}) {
    ASSERT_TRUE(algorithm_from(name)) << name;
    EXPECT_EQ(to_string(*algorithm_from(name)), name);
  }
}

TEST(Algorithm, NoneHmacAndUnknownNamesAreNothing) {
  for (const char* name :
       {"none", "None", "NONE", "HS256", "HS384", "HS512", "rs256", "RS256 ", "ES384", "PS384", ""}) {
    EXPECT_FALSE(algorithm_from(name)) << name;
  }
}

TEST(Application, ServesByNameAndPattern) {
  struct Case {
    std::vector<std::string> databases;
    const char* name;
    bool served;
  };
  const Case cases[] = {
      {{"roady"}, "roady", true},
      {{"roady"}, "roady2", false},
      {{"roady"}, "", false},
      {{}, "roady", false},
      {{"a", "roady-*"}, "roady-1", true},
      {{"a", "roady-*"}, "a", true},
      {{"roady-*"}, "roady-", true},
      {{"roady-*"}, "roady", false},
      {{"*"}, "anything", true},
      {{"*-log"}, "x-log", true},
      {{"*-log"}, "x-log-log", true},
      {{"*-log"}, "x-logs", false},
      {{"a*b*c"}, "abc", true},
      {{"a*b*c"}, "aXbYbZc", true},
      {{"a*b*c"}, "acb", false},
      {{"a**"}, "a", true},
      {{"a.c"}, "abc", false},
  };
  for (const Case& c : cases) {
    Application application;
    application.databases = c.databases;
    EXPECT_EQ(application.serves(c.name), c.served) << c.name;
  }
}

TEST(Application, ManyStarsAreMatchedInReasonableTime) {
  Application application;
  application.databases = {"a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"};
  EXPECT_FALSE(application.serves(std::string(200, 'a')));
}

}  // namespace
}  // namespace mycouch::auth
