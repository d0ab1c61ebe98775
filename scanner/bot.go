package scanner

import (
	"encoding/json"
	"regexp"
	"strconv"

	"nhiscan/inventory"
)

// GitLab names the accounts behind project and group access tokens and service accounts by fixed patterns.
// Source: https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
var botName = regexp.MustCompile(`^(project|group)_(\d+)_bot(?:_|\d|$)|^service_account_(?:(project|group)_(\d+)_)?`)

// botKind tells an account's kind from its username; empty when the name says nothing.
func botKind(username string) string {
	m := botName.FindStringSubmatch(username)
	switch {
	case m == nil:
		return ""
	case m[1] == "":
		return "service-account"
	}
	return m[1] + "-bot"
}

// botHome returns the home that a bot's name tells; empty when it tells none.
func botHome(instance, username string) string {
	m := botName.FindStringSubmatch(username)
	if m == nil {
		return ""
	}
	n, err := strconv.ParseInt(m[2]+m[4], 10, 64)
	if err != nil {
		return ""
	}
	return inventory.HomeID(instance, inventory.HomeKind(m[1]+m[3]), n)
}

// identifiedID reads which row GitLab says a value belongs to. The answer is that row as GitLab keeps it, and names
// no type: it is told by the fields that only one type has.
func identifiedID(v *Visit, body []byte) string {
	var row map[string]json.RawMessage
	var id struct {
		ID int64 `json:"id"`
	}
	if json.Unmarshal(body, &row) != nil || json.Unmarshal(body, &id) != nil || id.ID == 0 {
		return ""
	}
	for _, t := range []struct{ field, kind string }{
		{"impersonation", "access-token"}, {"deploy_token_type", "deploy-token"}, {"agent_id", "agent-token"},
		{"runner_type", "runner-token"}, {"encrypted_token", "trigger-token"},
	} {
		if _, ok := row[t.field]; ok {
			return v.CredentialID(t.kind, id.ID)
		}
	}
	return ""
}
