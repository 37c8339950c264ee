#include "store/rocks/commit_queue.h"

#include <utility>

namespace mycouch::store::rocks {

CommitQueue::CommitQueue(GroupWriter& writer) : writer_(writer), thread_([this] { run(); }) {}

CommitQueue::~CommitQueue() {
  stop();
}

void CommitQueue::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void CommitQueue::push(Commit commit) {
  bool was_empty = false;
  {
    std::unique_lock lock(mutex_);
    if (stopping_) {
      lock.unlock();
      commit.finish(fail(Errc::unavailable, "the store is closing"));
      return;
    }
    was_empty = waiting_.empty();
    waiting_.push_back(std::move(commit));
  }
  if (was_empty) wake_.notify_one();
}

void CommitQueue::run() {
  std::vector<Commit> taken;
  std::vector<Commit> relaxed;
  std::vector<Commit> synced;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::swap(taken, waiting_);
    }
    for (Commit& commit : taken) {
      (commit.durability == Durability::relaxed ? relaxed : synced).push_back(std::move(commit));
    }
    if (!relaxed.empty()) writer_.write(relaxed, false);
    if (!synced.empty()) writer_.write(synced, true);
    taken.clear();
    relaxed.clear();
    synced.clear();
  }
}

}  // namespace mycouch::store::rocks
