// The revision tree as plainly as it can be said: which revisions are known, which one each was made on, and
// which were stored. Slow, and meant to be right at a glance; the real tree is held against it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "doc/revision.h"

namespace mycouch::testing_support {

/// What a failed comparison prints.
inline std::string text_of(const std::vector<doc::Revision>& revisions) {
  std::string text;
  for (const doc::Revision& revision : revisions) text += revision.text() + " ";
  return text;
}

class RevisionModel {
 public:
  /// Newest first.
  using Path = std::vector<doc::Revision>;

  /// A revision is stored, with as much of its history as `path` tells.
  void add(const Path& path, bool deleted) {
    stored_.emplace(path.front(), deleted);
    for (std::size_t i = 0; i < path.size(); ++i) {
      std::optional<doc::Revision>& parent = parent_[path[i]];
      if (i + 1 < path.size()) parent = path[i + 1];
    }
  }

  bool knows(const doc::Revision& revision) const { return parent_.contains(revision); }
  bool is_deleted(const doc::Revision& revision) const { return stored_.at(revision); }

  /// The winner first, then as the others would win.
  std::vector<doc::Revision> leaves() const {
    std::set<doc::Revision> parents;
    for (const auto& [revision, parent] : parent_) {
      if (parent) parents.insert(*parent);
    }
    std::vector<doc::Revision> result;
    for (const auto& [revision, parent] : parent_) {
      if (!parents.contains(revision)) result.push_back(revision);
    }
    std::ranges::sort(result, std::greater{},
                      [this](const doc::Revision& r) { return std::pair(!is_deleted(r), r); });
    return result;
  }

  Path path(doc::Revision revision) const {
    Path result = {revision};
    while (auto parent = parent_.at(revision)) result.push_back(revision = *parent);
    return result;
  }

  std::vector<doc::Revision> known() const {
    std::vector<doc::Revision> result;
    for (const auto& [revision, parent] : parent_) result.push_back(revision);
    return result;
  }

  std::set<doc::Revision> missing(std::span<const doc::Revision> asked) const {
    std::set<doc::Revision> result;
    for (const doc::Revision& revision : asked) {
      if (!knows(revision)) result.insert(revision);
    }
    return result;
  }

  /// Leaves that are older than the newest of what is missing.
  std::set<doc::Revision> possible_ancestors(const std::set<doc::Revision>& missing) const {
    std::set<doc::Revision> result;
    for (const doc::Revision& leaf : leaves()) {
      if (!missing.empty() && leaf.generation < missing.rbegin()->generation) result.insert(leaf);
    }
    return result;
  }

  /// Only the newest `limit` revisions of each branch stay.
  void stem(std::size_t limit) {
    std::map<doc::Revision, std::optional<doc::Revision>> kept;
    for (const doc::Revision& leaf : leaves()) {
      Path branch = path(leaf);
      branch.resize(std::min(branch.size(), limit));
      for (const doc::Revision& revision : branch) kept[revision] = parent_.at(revision);
    }
    for (auto& [revision, parent] : kept) {
      if (parent && !kept.contains(*parent)) parent.reset();
    }
    parent_ = std::move(kept);
    std::erase_if(stored_, [this](const auto& entry) { return !knows(entry.first); });
  }

 private:
  std::map<doc::Revision, std::optional<doc::Revision>> parent_;
  std::map<doc::Revision, bool> stored_;  // and whether deleted
};

}  // namespace mycouch::testing_support
