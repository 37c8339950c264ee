// A mutex for coroutines, one for each key: whoever changes the same thing comes one after the other, and
// whoever changes another thing does not wait.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/task.h"

namespace mycouch::base {

/// Thread-safe; outlives its locks. First come, first served.
class KeyedMutex {
 public:
  /// Held until it is destroyed, on whatever thread.
  class Lock {
   public:
    Lock() = default;
    Lock(Lock&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}
    Lock& operator=(Lock&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Lock() {
      if (owner_ != nullptr) owner_->release(key_);
    }

   private:
    friend class KeyedMutex;
    Lock(KeyedMutex& owner, std::string key) : owner_(&owner), key_(std::move(key)) {}

    KeyedMutex* owner_ = nullptr;
    std::string key_;
  };

  /// Waits for its turn; `unavailable` where it has not come by the deadline. The executor of the calling
  /// coroutine runs on one thread.
  Task<Lock> lock(std::string key, std::chrono::milliseconds patience = std::chrono::seconds(30));

 private:
  struct Turn;

  void release(const std::string& key);

  std::mutex mutex_;
  std::unordered_map<std::string, std::deque<std::shared_ptr<Turn>>> held_;  // who waits for what is held
};

}  // namespace mycouch::base
