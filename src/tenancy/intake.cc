#include "tenancy/intake.h"

#include <utility>

#include "json/outline.h"
#include "json/writer.h"
#include "tenancy/tenancy.h"

namespace mycouch::tenancy {

Result<std::string> take_tenant(std::string& body, std::string_view field) {
  std::string tenant;
  std::string renamed;
  {
    MYCOUCH_TRY(const json::Outline outline, json::outline(body, 1));
    const json::Node* node = outline.find(outline.root(), field);
    if (node == nullptr || node->kind != json::Kind::string) return tenant;
    const std::string named = json::decode_string(node->text);
    if (named.empty()) return tenant;
    tenant = Tenancy::internal_tenant_id(named);
    if (tenant == named) return tenant;
    const auto start = static_cast<std::size_t>(node->text.data() - body.data());
    renamed = body.substr(0, start) + json::quoted(tenant) + body.substr(start + node->text.size());
  }
  body = std::move(renamed);
  return tenant;
}

Placement place(std::vector<IncomingLeaf> leaves) {
  Placement placement;
  std::vector<doc::Edit> unnamed;
  for (IncomingLeaf& leaf : leaves) {
    std::vector<doc::Edit>& home = leaf.tenant.empty() ? unnamed : placement.by_tenant[leaf.tenant];
    home.push_back(std::move(leaf.edit));
  }
  for (doc::Edit& edit : unnamed) {
    if (!edit.deleted || placement.by_tenant.empty()) {
      placement.nowhere.push_back(std::move(edit));
      continue;
    }
    for (auto& [tenant, edits] : placement.by_tenant) edits.push_back(edit);
  }
  return placement;
}

}  // namespace mycouch::tenancy
