package gitlabtest

import "slices"

// graphMembers are the project's direct members; the scanner asks for no other relation. Custom roles and the state of
// those who wait for a seat are not told. Source: GitLab's Types::MemberInterface and Resolvers::ProjectMembersResolver
func graphMembers(c *Call, args map[string]any) any {
	if relations, _ := args["relations"].([]string); !slices.Equal(relations, []string{"DIRECT"}) {
		return nil
	}
	return graphs("MemberInterface", c.members(false), true, func(m *Member) Object {
		return Object{
			"id": gid("ProjectMember", c.st.userByName(m.User).ID), "accessLevel": graphLevel(m.Role), "createdAt": m.CreatedAt.stamp(),
			"updatedAt": m.CreatedAt.stamp(), "expiresAt": m.ExpiresAt.stamp(), "createdBy": graphUser(c, m.CreatedBy), "user": graphUser(c, m.User),
		}
	})
}

func graphLevel(r Role) graphObject {
	return graphObject{kind: "AccessLevel", fields: Object{"integerValue": int(r), "stringValue": nil}}
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
