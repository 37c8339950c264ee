// Where things lie in a JSON text: one validating pass, no copy of what it reads.
//
// The outline of a text is its nodes down to a depth that the caller names: each with its kind, its member
// name and the exact bytes of its value. What lies deeper is validated all the same (grammar, UTF-8, nesting,
// duplicate members), so a text that has an outline is good JSON throughout and its bytes can be stored and
// sent as they came.
// `_bulk_docs` of a thousand documents is one pass with depth 3; a document is one with depth 1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mycouch::json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

struct Limits {
  std::size_t max_nesting = 1000;
};

struct Node {
  Kind kind = Kind::null;
  bool has_children = false;  // an object or array within the outline's depth, and not empty
  std::uint32_t next = 0;     // index of the next sibling; 0 for the last
  std::string_view name;      // of a member, decoded; empty in an array
  std::string_view text;      // the value's bytes, without space around them
};

class Outline;
/// Bad JSON, a duplicate member (at any depth), or nesting over the limit: `bad_request` with a reason.
/// `text` must outlive the outline. Level 0 is the value itself, level 1 its members or elements, and so on.
Result<Outline> outline(std::string_view text, int depth, Limits limits = {});

class Outline {
 public:
  const Node& root() const { return nodes_[0]; }
  /// Iterates over the children of `node`, in their order in the text.
  class Children;
  Children children(const Node& node) const;
  /// A member by name, or null.
  const Node* find(const Node& object, std::string_view name) const;

 private:
  friend Result<Outline> outline(std::string_view, int, Limits);
  friend class OutlineBuilder;
  std::vector<Node> nodes_;
  std::vector<std::unique_ptr<std::string>> decoded_;  // names that had escapes
};

class Outline::Children {
 public:
  class Iterator {
   public:
    Iterator(const std::vector<Node>* nodes, std::uint32_t at) : nodes_(nodes), at_(at) {}
    const Node& operator*() const { return (*nodes_)[at_]; }
    Iterator& operator++() {
      at_ = (*nodes_)[at_].next;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const std::vector<Node>* nodes_;
    std::uint32_t at_;  // 0: the end, as no child is the root
  };
  Children(const std::vector<Node>* nodes, std::uint32_t first) : nodes_(nodes), first_(first) {}
  Iterator begin() const { return {nodes_, first_}; }
  Iterator end() const { return {nodes_, 0}; }

 private:
  const std::vector<Node>* nodes_;
  std::uint32_t first_;
};

/// The value of a string's text, quotes and escapes resolved; `text` is good JSON.
std::string decode_string(std::string_view text);

}  // namespace mycouch::json
