package gitlabtest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recorded is one line of the index of answers that GitLab's Go client is tested with.
type recorded struct {
	File   string `json:"file"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

// TestAnswersHaveTheRecordedFields wants every field of a recorded answer in ours to the same route.
func TestAnswersHaveTheRecordedFields(t *testing.T) {
	needContractData(t)
	root := filepath.Join(contractData, "fixtures/client-go-v2.64.0")
	raw, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []recorded
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, Options{RepoDir: t.TempDir()})
	ours := map[string]map[string]bool{}
	for _, a := range askAll(t, s) {
		ours[a.route.Path] = fieldsOf(a.body)
	}
	missing, compared := map[string]map[string]bool{}, map[string]bool{}
	for _, r := range index {
		path, known := "", false
		if r.Method == "GET" {
			path, known = routeOf(s, r.Path)
		}
		if !known || ours[path] == nil {
			continue
		}
		compared[path] = true
		for name := range recordedFields(t, filepath.Join(root, r.File)) {
			if !ours[path][name] {
				if missing[path] == nil {
					missing[path] = map[string]bool{}
				}
				missing[path][name] = true
			}
		}
	}
	t.Logf("compared with recorded answers (%d): %s", len(compared), strings.Join(slices.Sorted(maps.Keys(compared)), " "))
	compareAbsences(t, missing)
}

// routeOf finds the route that a recorded path would meet.
func routeOf(s *Server, path string) (string, bool) {
	path, _, _ = strings.Cut(path, "?")
	methods, _ := s.tree.find(strings.Split(strings.TrimPrefix(path, "/"), "/"), nil)
	if l := methods["GET"]; l != nil {
		return l.route.Path, true
	}
	return "", false
}

func recordedFields(t *testing.T, file string) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var body any
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil // some bodies are errors or plain text
	}
	return fieldsOf(body)
}

// fieldsOf names the fields of an object, or of all objects in a list.
func fieldsOf(body any) map[string]bool {
	rows, ok := body.([]any)
	if !ok {
		rows = []any{body}
	}
	names := map[string]bool{}
	for _, row := range rows {
		if o, ok := row.(map[string]any); ok {
			for name := range o {
				names[name] = true
			}
		}
	}
	return names
}

func compareAbsences(t *testing.T, missing map[string]map[string]bool) {
	t.Helper()
	for _, a := range absences() {
		for _, path := range strings.Fields(a.routes) {
			for _, name := range strings.Fields(a.fields) {
				if path != "*" && !missing[path][name] {
					t.Errorf("listed as absent but not missing: %s %s", path, name)
				}
				for at := range missing {
					if path == at || path == "*" {
						delete(missing[at], name)
					}
				}
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(missing)) {
		if names := slices.Sorted(maps.Keys(missing[path])); len(names) > 0 {
			t.Errorf("%s lacks recorded fields: %s", path, strings.Join(names, " "))
		}
	}
}

// absence says why fields of recorded answers are not in ours; "*" means every route.
type absence struct{ routes, fields, reason string }

func absences() []absence {
	return []absence{
		{"groups projects users", "custom_attributes", "only with with_custom_attributes=true"},
		{"groups projects/:id", "statistics", "only with statistics=true"},
		{"groups", "root_storage_statistics", "only with statistics=true"},
		{"*", "group_saml_identity email", "only to owners of a group with SAML, for enterprise users"},
		{"groups/:id/service_accounts/:user_id/personal_access_tokens projects/:id/service_accounts/:user_id/personal_access_tokens", "token", "only the answer that creates it holds the value"},
		{"groups/:id/integrations/:slug", "branches_to_be_notified labels_to_be_notified labels_to_be_notified_behavior notify_only_broken_pipelines notify_only_default_branch token", "the test records what the client sends; GitLab keeps them in properties"},
		{"groups/:id/hooks/:hook_id", "service_access_tokens_expiration_enforced", "no field of webhooks: a group's answer, recorded under this path"},
		{"pages/domains", "certificate", "the instance's list shows certificate_expiration alone"},
		{"application/settings", "anonymous_searches_allowed container_registry_import_created_before default_projects_limit lock_memberships_to_saml", "no credential hangs on them"},
		{"groups/:id", "allow_merge_on_skipped_pipeline crm_enabled duo_availability duo_features_enabled enabled_git_access_protocol experiment_features_enabled lock_duo_features_enabled lock_math_rendering_limits_enabled math_rendering_limits_enabled only_allow_merge_if_all_discussions_are_resolved only_allow_merge_if_pipeline_succeeds repository_storage", "no credential hangs on them"},
		{"projects/:id", "build_coverage_regex ci_forward_deployment_rollback_allowed cicd_catalog_enabled package_registry_access_level resource_group_default_process_mode", "no credential hangs on them"},
		{"projects/:id/repository/commits", "last_pipeline project_id stats status", "the test records the item: rows of the list are shorter (openapi: API_Entities_Commit)"},
		{"groups/:id/invited_groups groups/:id/groups/shared", "id name", "no group of the small world invites another"},
		{"groups/:id/projects/shared", "created_at description id name name_with_namespace path path_with_namespace", "the only guest group of the small world refuses classic tokens"},
		{"projects/:id/terraform/state/:name", "some", "the body is Terraform's own"},
		{"users/:id/project_deploy_keys", "can_push", "no project is named, so there is nothing to push to"},
		{"groups/:id/billable_members/:user_id/memberships", "id", "a world's memberships are no rows with numbers"},
		{"users/:id", "plan trial", "GitLab.com only"},
	}
}
