// The handlers of all endpoints, by the file that holds each family. The table in routes.cc says who may call
// which.
#pragma once

#include "api/call.h"

namespace mycouch::api {

// server.cc
Task<void> get_welcome(ServerCall& call);
Task<void> get_up(ServerCall& call);
Task<void> get_session(ServerCall& call);
Task<void> post_session(ServerCall& call);
Task<void> get_uuids(ServerCall& call);
Task<void> get_all_dbs(ServerCall& call);
Task<void> get_dbs_info(ServerCall& call);
Task<void> post_dbs_info(ServerCall& call);
Task<void> get_active_tasks(ServerCall& call);

// databases.cc
Task<void> put_database(ServerCall& call);
Task<void> delete_database(ServerCall& call);
Task<void> get_database(DatabaseCall& call);
Task<void> post_ensure_full_commit(DatabaseCall& call);
Task<void> post_compact(DatabaseCall& call);
Task<void> post_view_cleanup(DatabaseCall& call);
Task<void> get_revs_limit(DatabaseCall& call);
Task<void> put_revs_limit(DatabaseCall& call);
Task<void> get_purged_infos_limit(DatabaseCall& call);
Task<void> put_purged_infos_limit(DatabaseCall& call);
Task<void> get_security(DatabaseCall& call);
Task<void> put_security(DatabaseCall& call);

// documents.cc
Task<void> post_document(DatabaseCall& call);
Task<void> get_document(DatabaseCall& call);
Task<void> put_document(DatabaseCall& call);
Task<void> delete_document(DatabaseCall& call);

// copy.cc
Task<void> copy_document(DatabaseCall& call);

// local.cc
Task<void> get_local(DatabaseCall& call);
Task<void> put_local(DatabaseCall& call);
Task<void> delete_local(DatabaseCall& call);
Task<void> refuse_local(DatabaseCall& call);

// attachments.cc
Task<void> get_attachment(DatabaseCall& call);
Task<void> put_attachment(DatabaseCall& call);
Task<void> delete_attachment(DatabaseCall& call);

// bulk.cc
Task<void> post_bulk_docs(DatabaseCall& call);
Task<void> post_bulk_get(DatabaseCall& call);
Task<void> post_revs_diff(DatabaseCall& call);
Task<void> post_missing_revs(DatabaseCall& call);

// purge.cc
Task<void> post_purge(DatabaseCall& call);

// all_docs.cc
Task<void> get_all_docs(DatabaseCall& call);
Task<void> post_all_docs(DatabaseCall& call);
Task<void> post_all_docs_queries(DatabaseCall& call);
Task<void> get_design_docs(DatabaseCall& call);
Task<void> post_design_docs(DatabaseCall& call);
Task<void> post_design_docs_queries(DatabaseCall& call);
Task<void> get_local_docs(DatabaseCall& call);
Task<void> post_local_docs(DatabaseCall& call);
Task<void> post_local_docs_queries(DatabaseCall& call);

// changes.cc
Task<void> get_changes(DatabaseCall& call);
Task<void> post_changes(DatabaseCall& call);

// find.cc
Task<void> post_find(DatabaseCall& call);
Task<void> post_explain(DatabaseCall& call);
Task<void> get_indexes(DatabaseCall& call);
Task<void> post_index(DatabaseCall& call);
Task<void> post_index_bulk_delete(DatabaseCall& call);
Task<void> delete_index(DatabaseCall& call);

// design.cc
Task<void> refuse_design_function(DatabaseCall& call);
Task<void> refuse_unserved(DatabaseCall& call);

// users.cc
Task<void> get_user(ServerCall& call);
Task<void> put_user(ServerCall& call);
Task<void> delete_user(ServerCall& call);
Task<void> post_bootstrap(ServerCall& call);

// tenants.cc
Task<void> put_table(ServerCall& call);
Task<void> get_tenants(ServerCall& call);
Task<void> post_tenant(ServerCall& call);
Task<void> get_tenant(ServerCall& call);
Task<void> put_tenant(ServerCall& call);
Task<void> delete_tenant(ServerCall& call);
Task<void> post_restore(ServerCall& call);

// members.cc
Task<void> get_members(ServerCall& call);
Task<void> put_member(ServerCall& call);
Task<void> delete_member(ServerCall& call);
Task<void> post_transfer(ServerCall& call);

// invitations.cc
Task<void> get_invitations(ServerCall& call);
Task<void> post_invitation(ServerCall& call);
Task<void> delete_invitation(ServerCall& call);
Task<void> get_invitation(ServerCall& call);
Task<void> post_accept(ServerCall& call);

// audit.cc
Task<void> get_audit(ServerCall& call);

}  // namespace mycouch::api
