package gitlabtest

import (
	"slices"
	"strings"
)

// graphMembers are the members of the project or group: the direct ones, or with another relation than DIRECT those of
// the groups above and of invited groups too. Custom roles and the state of those who wait for a seat are not told.
// Source: GitLab's Types::MemberInterface and Resolvers::MembersResolver
func graphMembers(c *Call, args map[string]any) any {
	kind := "ProjectMember"
	if c.Group != nil {
		kind = "GroupMember"
	}
	wider, text := !slices.Equal(graphTexts(args, "relations"), []string{"DIRECT"}), graphWord(args, "search")
	rows := keep(c.members(wider), func(m *Member) bool {
		return strings.Contains(strings.ToLower(m.User+" "+c.st.userByName(m.User).Name), text)
	})
	return graphs("MemberInterface", rows, true, func(m *Member) Object {
		return Object{
			"id": gid(kind, c.st.userByName(m.User).ID), "accessLevel": graphLevel(m.Role), "createdAt": m.CreatedAt.stamp(),
			"updatedAt": m.CreatedAt.stamp(), "expiresAt": m.ExpiresAt.stamp(), "createdBy": graphUser(c, m.CreatedBy), "user": graphUser(c, m.User),
		}
	})
}

// graphLevel names the levels as GitLab's AccessLevelEnum does.
func graphLevel(r Role) graphObject {
	name, err := r.MarshalText()
	word := any(strings.ReplaceAll(strings.ToUpper(string(name)), "-", "_"))
	if err != nil || r == NoRole {
		word = "NO_ACCESS"
	}
	return graphObject{kind: "AccessLevel", fields: Object{"integerValue": int(r), "stringValue": word}}
}

// graphProtectors are what protects an environment: the project by its name, the groups above by its tier. Whoever sees
// the environment sees them. Source: GitLab's Resolvers::Environments::ProtectedEnvironmentsResolver and
// Environment#associated_protected_environments, which are empty without a licence
func graphProtectors(c *Call, e *Environment) any {
	out := graphList{}
	if c.Profile.Tier < Premium {
		return out
	}
	add := func(list []*ProtectedEnv, name string, home Object) {
		for _, p := range list {
			if p.Name == name {
				o := Object{"name": p.Name, "requiredApprovalCount": p.RequiredApprovals, "deployAccessLevels": graphDeployers(c, p)}
				out = append(out, graphObject{kind: "ProtectedEnvironment", fields: o.Merge(home)})
			}
		}
	}
	add(c.Project.ProtectedEnvs, e.Name, Object{"project": graphObject{kind: "Project", fields: Object{"id": gid("Project", c.Project.ID)}}})
	for g := c.Project.group; g != nil; g = g.parent {
		add(g.ProtectedEnvs, e.tier(), Object{"group": graphObject{kind: "Group", fields: Object{"id": gid("Group", g.ID)}}})
	}
	return out
}

func graphDeployers(c *Call, p *ProtectedEnv) graphList {
	return graphs("ProtectedEnvironmentDeployAccessLevel", p.Deploy, true, func(r *AccessRule) Object {
		role := r.Role
		if r.User+r.Group != "" {
			role = Maintainer // stands beside a user or group, and says nothing
		}
		o := Object{"accessLevel": graphLevel(role), "user": graphUser(c, r.User)}
		if g := c.FindGroup(r.Group); r.Group != "" && g != nil && c.Sees(g) {
			o["group"] = graphObject{kind: "Group", fields: Object{"id": gid("Group", g.ID)}}
		}
		return o
	})
}
