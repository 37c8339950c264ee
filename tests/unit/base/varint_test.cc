#include "base/varint.h"

#include <limits>

#include <gtest/gtest.h>

namespace mycouch::base {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

TEST(VarintTest, NumbersRoundTrip) {
  std::string record;
  for (std::uint64_t n :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{1} << 35, kLargest})
    append_varint(record, n);
  RecordReader reader(record);
  EXPECT_EQ(reader.varint(), 0U);
  EXPECT_EQ(reader.varint(), 127U);
  EXPECT_EQ(reader.varint(), 128U);
  EXPECT_EQ(reader.varint(), std::uint64_t{1} << 35);
  EXPECT_EQ(reader.varint(), kLargest);
  EXPECT_EQ(reader.varint(), std::nullopt);
}

TEST(VarintTest, StringsStandBehindTheirLengths) {
  std::string record;
  append_sized(record, "");
  append_sized(record, std::string(300, 'x'));
  record += "tail";
  RecordReader reader(record);
  EXPECT_EQ(reader.sized(), "");
  EXPECT_EQ(reader.sized(), std::string(300, 'x'));
  EXPECT_EQ(reader.rest(), "tail");
}

TEST(VarintTest, ATornRecordGivesNothing) {
  std::string record;
  append_sized(record, "abc");
  for (std::size_t length = 0; length < record.size(); ++length) {
    EXPECT_EQ(RecordReader(std::string_view(record).substr(0, length)).sized(), std::nullopt) << length;
  }
  EXPECT_EQ(RecordReader(std::string(11, '\xff')).varint(), std::nullopt);
}

}  // namespace
}  // namespace mycouch::base
