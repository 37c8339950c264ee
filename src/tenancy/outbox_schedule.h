// When each pending piece of work for other servers is due. Pure bookkeeping, without clock or I/O.
//
// Work is grouped by destination: each has its own queue, a bound on what is under way, and may be paused as
// a whole. Whoever takes work from the schedule says afterwards how it ended.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace mycouch::tenancy {

class OutboxSchedule {
 public:
  explicit OutboxSchedule(std::size_t at_once) : at_once_(at_once) {}

  /// New work, or work that has changed. What is under way is due again afterwards.
  void put(const std::string& id, const std::string& destination, base::WallTime due);
  /// What is under way goes when it ends.
  void remove(const std::string& id);

  /// What is to be done now. It is under way until `finish`.
  std::vector<std::string> take(base::WallTime now);
  /// Ends what was taken: it is due `again`, or gone; what was put or removed meanwhile goes before that.
  void finish(const std::string& id, std::optional<base::WallTime> again);
  /// Nothing of this destination is taken before then.
  void pause(const std::string& destination, base::WallTime until);

  /// When `take` has something, as things are; nothing where only an end of what is under way, or new work,
  /// changes that.
  std::optional<base::WallTime> next() const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string destination;
    base::WallTime due;
    bool under_way = false;
    bool changed = false;  // put or removed while under way:
    bool removed = false;  // which of the two
  };
  struct Destination {
    std::set<std::pair<base::WallTime, std::string>> queue;
    base::WallTime paused_until = base::WallTime::min();
    std::size_t under_way = 0;
  };

  std::optional<base::WallTime> next_of(const Destination& destination) const;

  std::size_t at_once_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Destination> destinations_;
};

}  // namespace mycouch::tenancy
