#include "tenancy/outbox_schedule.h"

#include <algorithm>

namespace mycouch::tenancy {

void OutboxSchedule::put(const std::string& id, const std::string& destination, base::WallTime due) {
  auto [at, is_new] = entries_.try_emplace(id);
  Entry& entry = at->second;
  if (entry.under_way) {
    entry.changed = true;
    entry.removed = false;
    entry.due = due;
    return;
  }
  if (!is_new) destinations_[entry.destination].queue.erase({entry.due, id});
  entry.destination = destination;
  entry.due = due;
  destinations_[destination].queue.emplace(due, id);
}

void OutboxSchedule::remove(const std::string& id) {
  auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  if (entry.under_way) {
    entry.changed = true;
    entry.removed = true;
    return;
  }
  destinations_[entry.destination].queue.erase({entry.due, id});
  entries_.erase(at);
}

std::vector<std::string> OutboxSchedule::take(base::WallTime now) {
  std::vector<std::string> taken;
  for (auto& [name, destination] : destinations_) {
    while (next_of(destination).value_or(base::WallTime::max()) <= now) {
      auto first = destination.queue.extract(destination.queue.begin());
      Entry& entry = entries_.at(first.value().second);
      entry.under_way = true;
      ++destination.under_way;
      taken.push_back(std::move(first.value().second));
    }
  }
  return taken;
}

void OutboxSchedule::finish(const std::string& id, std::optional<base::WallTime> again) {
  auto at = entries_.find(id);
  Entry& entry = at->second;
  Destination& destination = destinations_[entry.destination];
  --destination.under_way;
  if (!entry.changed && again) entry.due = *again;
  if (entry.changed ? entry.removed : !again) {
    entries_.erase(at);
    return;
  }
  entry.under_way = false;
  entry.changed = false;
  destination.queue.emplace(entry.due, id);
}

void OutboxSchedule::pause(const std::string& destination, base::WallTime until) {
  base::WallTime& paused_until = destinations_[destination].paused_until;
  paused_until = std::max(paused_until, until);
}

std::optional<base::WallTime> OutboxSchedule::next() const {
  std::optional<base::WallTime> earliest;
  for (const auto& [name, destination] : destinations_) {
    std::optional<base::WallTime> due = next_of(destination);
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  return earliest;
}

std::optional<base::WallTime> OutboxSchedule::next_of(const Destination& destination) const {
  if (destination.queue.empty() || destination.under_way >= at_once_) return std::nullopt;
  return std::max(destination.queue.begin()->first, destination.paused_until);
}

}  // namespace mycouch::tenancy
