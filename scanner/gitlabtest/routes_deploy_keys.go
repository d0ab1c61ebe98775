package gitlabtest

import (
	"crypto/md5" //nolint:gosec // the form of fingerprint that GitLab shows
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

func deployKeyRoutes() []Route {
	const read = "read_deploy_key"
	return []Route{
		{Method: "GET", Path: "deploy_keys", Admin: true, Permission: read, Paging: Offset, Handle: listAllDeployKeys},
		{Method: "GET", Path: "projects/:id/deploy_keys", Role: Maintainer, Auditor: true, Permission: read, Paging: Offset, Handle: listDeployKeys},
		{Method: "GET", Path: "projects/:id/deploy_keys/:key_id", Role: Maintainer, Auditor: true, Permission: read, Handle: showDeployKey},
		{Method: "PUT", Path: "projects/:id/deploy_keys/:key_id", Role: Maintainer, Permission: "update_deploy_key", Handle: changeDeployKey},
		{Method: "DELETE", Path: "projects/:id/deploy_keys/:key_id", Role: Maintainer, Permission: "delete_deploy_key", Handle: unlinkDeployKey},
	}
}

// deployKeyJSON is what all forms share.
func deployKeyJSON(c *Call, k *DeployKey) Object {
	weak, strong := fingerprints(k.Key)
	return Object{
		"id": k.ID, "title": k.Title, "key": k.Key, "created_at": k.CreatedAt.stamp(), "expires_at": k.ExpiresAt.stamp(), "usage_type": "auth_and_signing",
		"fingerprint": weak, "fingerprint_sha256": strong,
	}.Since(c.Profile, "18.2", "last_used_at", k.LastUsedAt.stamp())
}

// fingerprints are both forms that GitLab shows of a public key.
func fingerprints(key string) (weak, strong string) {
	body := []byte(key)
	if parts := strings.Fields(key); len(parts) > 1 {
		if raw, err := base64.StdEncoding.DecodeString(parts[1]); err == nil {
			body = raw
		}
	}
	sum, long := md5.Sum(body), sha256.Sum256(body)
	var pairs []string
	for _, b := range sum {
		pairs = append(pairs, hex.EncodeToString([]byte{b}))
	}
	return strings.Join(pairs, ":"), "SHA256:" + base64.RawStdEncoding.EncodeToString(long[:])
}

// listAllDeployKeys names the projects of each key that the caller may see.
func listAllDeployKeys(c *Call) Answer {
	public, set := c.Bool("public")
	rows := slices.DeleteFunc(slices.Clone(c.st.w.DeployKeys), func(k *DeployKey) bool { return set && public != k.Public })
	return List(c, rows, noID[*DeployKey], func(k *DeployKey) Object {
		write, read := []Object{}, []Object{}
		for _, in := range k.Projects {
			p := c.FindProject(in.Path)
			switch {
			case p == nil || !c.Sees(p):
			case in.CanPush:
				write = append(write, projectIdentity(c, p))
			default:
				read = append(read, projectIdentity(c, p))
			}
		}
		return deployKeyJSON(c, k).Merge(Object{"projects_with_write_access": write, "projects_with_readonly_access": read})
	})
}

// inProject finds how a key is enabled in the project; nil where it is not.
func (k *DeployKey) inProject(p *Project) *DeployKeyProject {
	for _, in := range k.Projects {
		if strings.EqualFold(in.Path, p.Path) {
			return in
		}
	}
	return nil
}

func listDeployKeys(c *Call) Answer {
	byProject := remember(c, "deploy keys by project", func() map[string][]*DeployKey {
		index := map[string][]*DeployKey{}
		for _, k := range c.st.w.DeployKeys {
			for _, in := range k.Projects {
				index[lowerPath(in.Path)] = append(index[lowerPath(in.Path)], k)
			}
		}
		return index
	})
	return List(c, byProject[lowerPath(c.Project.Path)], noID[*DeployKey], func(k *DeployKey) Object { return projectKeyJSON(c, k) })
}

func projectKeyJSON(c *Call, k *DeployKey) Object {
	return deployKeyJSON(c, k).Merge(Object{"can_push": k.inProject(c.Project).CanPush})
}

func (c *Call) deployKey() *DeployKey {
	for _, k := range c.st.w.DeployKeys {
		if k.ID == c.PathID("key_id") && k.inProject(c.Project) != nil {
			return k
		}
	}
	return nil
}

func showDeployKey(c *Call) Answer {
	if k := c.deployKey(); k != nil {
		return OK(projectKeyJSON(c, k))
	}
	return NotFound("")
}

func changeDeployKey(c *Call) Answer {
	k := c.deployKey()
	if k == nil {
		return NotFound("")
	}
	if push, set := c.Bool("can_push"); set {
		k.inProject(c.Project).CanPush = push
	}
	if title := c.Text("title"); title != "" {
		k.Title = title
	}
	return OK(projectKeyJSON(c, k))
}

// unlinkDeployKey takes the key off this project only; it goes with its last project, unless it is public.
func unlinkDeployKey(c *Call) Answer {
	k := c.deployKey()
	if k == nil {
		return NotFound("")
	}
	here := k.inProject(c.Project)
	k.Projects = slices.DeleteFunc(k.Projects, func(in *DeployKeyProject) bool { return in == here })
	if len(k.Projects) == 0 && !k.Public {
		c.st.w.DeployKeys = slices.DeleteFunc(c.st.w.DeployKeys, func(other *DeployKey) bool { return other == k })
	}
	c.Audit("deploy_key_removed", c.Project, "DeployKey", k.Title, k.ID, nil)
	return NoContent()
}
