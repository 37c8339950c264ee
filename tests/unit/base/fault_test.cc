#include "base/fault.h"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

namespace mycouch::base {
namespace {

TEST(FaultPoint, EndsTheProcessAtTheNamedPointOnly) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("MYCOUCH_FAULT_POINT", "between", 1);
        fault_point("before");
        fault_point("between");
        std::exit(0);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultPoint, IsPassedWhereNoneIsNamed) {
  fault_point("between");
}

}  // namespace
}  // namespace mycouch::base
