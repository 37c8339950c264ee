// The bytes a connection has received and nobody has consumed yet, in one contiguous block.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace mycouch::http {

class ReadBuffer {
 public:
  std::string_view view() const { return {block_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t capacity() const { return capacity_; }

  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Room behind the bytes held: a block of `capacity` at least, and twice the last one where that is full.
  std::span<char> prepare(std::size_t capacity) {
    std::size_t held = end_ - begin_;
    if (capacity_ < capacity || held == capacity_) {
      reallocate(std::max(capacity, held * 2));
    } else if (end_ == capacity_) {
      std::memmove(block_.get(), block_.get() + begin_, held);
      begin_ = 0;
      end_ = held;
    }
    return {block_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) { end_ += count; }

  /// Gives the block back where it is empty and larger than `kept`.
  void release(std::size_t kept) {
    if (!empty() || capacity_ <= kept) return;
    block_.reset();
    capacity_ = 0;
  }

 private:
  void reallocate(std::size_t capacity) {
    auto block = std::make_unique_for_overwrite<char[]>(capacity);
    std::size_t held = end_ - begin_;
    if (held > 0) std::memcpy(block.get(), block_.get() + begin_, held);
    block_ = std::move(block);
    capacity_ = capacity;
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace mycouch::http
