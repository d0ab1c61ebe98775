package scanner

import (
	"bytes"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v4"

	"nhiscan/inventory"
)

// agentAccess is the Provider of a trust that is an entry of ci_access or user_access: a project or group whose jobs or
// members may act on the cluster. Its Sub is their path, its Aud the keyword.
const agentAccess = "agent"

// agentConfig matches where the configuration of a cluster agent lies.
// Source: https://docs.gitlab.com/user/clusters/agent/install/#create-an-agent-configuration-file
var agentConfig = regexp.MustCompile(`^\.gitlab/agents/([a-z0-9-]{1,63})/config\.yaml$`)

// accessList is ci_access or user_access: projects and groups by their full path.
// Source: https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/#authorize-agent-access, …/user_access/
type accessList struct {
	Projects []accessEntry `yaml:"projects"`
	Groups   []accessEntry `yaml:"groups"`
}

type accessEntry struct {
	ID yaml.Node `yaml:"id"`
}

// agentAccesses lists whom a content lets in, if it is the configuration of an agent. Whether it lies where GitLab looks
// for one is seen when it is emitted: contents are kept without their paths.
func agentAccesses(content []byte) []trust {
	if len(content) > maxTrustFile || !bytes.Contains(content, []byte("_access:")) {
		return nil
	}
	var config struct {
		CI   accessList `yaml:"ci_access"`
		User accessList `yaml:"user_access"`
	}
	if yaml.Unmarshal(content, &config) != nil {
		return nil
	}
	var out []trust
	add := func(keyword string, list accessList) {
		for _, entries := range [][]accessEntry{list.Projects, list.Groups} {
			for _, e := range entries {
				if e.ID.Kind == yaml.ScalarNode && e.ID.Value != "" && len(out) < maxTrusts {
					out = append(out, trust{Provider: agentAccess, Sub: e.ID.Value, Aud: keyword, Line: e.ID.Line})
				}
			}
		}
	}
	add("ci_access", config.CI)
	add("user_access", config.User)
	return out
}

func (v *Visit) emitAgentAccess(path string, t trust) {
	at := agentConfig.FindStringSubmatch(path)
	if at == nil {
		return
	}
	v.Emit(inventory.Grant{
		ID:   inventory.GrantID(v.Self.Instance, "agent-access", v.Home.ID, at[1]+"#"+t.Aud+"#"+t.Sub),
		Kind: "agent-access", Subject: t.Sub, Home: v.Home.ID, Scope: t.Aud, Note: fmt.Sprintf("agent %s %s:%d", at[1], path, t.Line),
	})
}
