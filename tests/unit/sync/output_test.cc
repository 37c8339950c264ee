#include "sync/output.h"

#include <gtest/gtest.h>

namespace mycouch::sync {
namespace {

TEST(BatchSize, GrowsWhileDocumentsAreSmall) {
  BatchSize batch;
  std::size_t first = batch.next();
  for (int i = 0; i < 20; ++i) batch.made(100);
  EXPECT_GT(batch.next(), first);
  EXPECT_LE(batch.next(), 512U);
}

TEST(BatchSize, ShrinksToOneLargeDocument) {
  BatchSize batch;
  for (int i = 0; i < 20; ++i) batch.made(Output::kPiece * 10);
  EXPECT_EQ(batch.next(), 1U);
}

TEST(BatchSize, StaysWhereAPieceIsMade) {
  BatchSize batch;
  std::size_t before = batch.next();
  batch.made(Output::kPiece - 1);
  EXPECT_EQ(batch.next(), before);
}

}  // namespace
}  // namespace mycouch::sync
