package gitlabtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Pushing goes through git's own receive-pack. What GitLab's pre-receive hook asks is asked before: who may push where.
// Push rules about names of branches and about deleting tags are held; those about what commits hold are not, nor can
// wikis be pushed to.
// Source: https://git-scm.com/docs/pack-protocol#_pushing_data_to_a_server, GitLab's lib/gitlab/git_access.rb and
// lib/gitlab/checks

// pushTarget is the project that the path names, if the caller may push to it at all.
func (c *Call) pushTarget() *Answer {
	refuse := func(status int, text string) *Answer { a := Plain(status, "text/plain", text+"\n"); return &a }
	path, isGit := strings.CutSuffix(c.Path("repo"), ".git")
	p := c.cloned(path)
	t := c.Actor.Token
	switch {
	case c.Actor.Anonymous():
		return c.server.demandLogin(c.Route, new(Answer))
	case !isGit || p == nil || !c.mayClone(p):
		return refuse(http.StatusNotFound, "The project you were looking for could not be found or you don't have permission to view it.")
	case c.Actor.Deploy != nil:
		return refuse(http.StatusForbidden, "You are not allowed to upload code.")
	case t != nil && !slices.Contains(t.Scopes, "api") && !slices.Contains(t.Scopes, "write_repository"):
		return refuse(http.StatusForbidden, "HTTP Basic: Access denied. The provided password or token is incorrect or your account has 2FA enabled.")
	case !c.mayPushCode(p) || c.Actor.Job != nil && (c.Actor.Job.project != p || p.Settings["ci_push_repository_for_job_token_allowed"] != true):
		return refuse(http.StatusForbidden, "You are not allowed to push code to this project.")
	case c.server.opts.RepoDir == "":
		return refuse(http.StatusServiceUnavailable, "The git server is not available.")
	}
	c.Project = p
	return nil
}

// receiveSettings keep the hooks of a repository out, and check what comes in.
func receiveSettings(more ...string) []string {
	return append([]string{"http.receivepack=true", "core.hooksPath=/dev/null", "receive.fsckObjects=true", "receive.autogc=false", "gc.auto=0"}, more...)
}

func advertisePush(c *Call) Answer {
	if refused := c.pushTarget(); refused != nil {
		return *refused
	}
	b, err := c.ownRepository()
	if err != nil {
		return c.withoutGit()
	}
	return Answer{Serve: c.server.backend(b.dir, receiveSettings()...)}
}

// receivePush reads the whole push without the lock, asks for the rights under it, and lets git do the rest.
func receivePush(c *Call) Answer {
	if refused := c.pushTarget(); refused != nil {
		return *refused
	}
	b, err := c.ownRepository()
	if err != nil {
		return c.withoutGit()
	}
	return Answer{Serve: func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxPack))
		if err != nil {
			http.Error(w, "400 Bad request", http.StatusBadRequest)
			return
		}
		commands, capabilities, err := pushCommands(body)
		if err != nil {
			http.Error(w, "400 Bad request: "+err.Error(), http.StatusBadRequest)
			return
		}
		c.server.mu.Lock()
		refusal, force := c.refusesPush(b, commands)
		before := c.configBlob(b)
		c.server.mu.Unlock()
		if refusal != "" {
			declinePush(w, commands, capabilities, refusal)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.server.backend(b.dir, receiveSettings("receive.denyNonFastForwards="+strconv.FormatBool(!force))...)(w, r)
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		c.pushed(b, before)
	}}
}

// pushCommand moves one ref; an all-zero hash makes or deletes it.
type pushCommand struct{ old, new, ref string }

func (p pushCommand) creates() bool { return strings.Trim(p.old, "0") == "" }
func (p pushCommand) deletes() bool { return strings.Trim(p.new, "0") == "" }

var errPush = errors.New("the push is not well formed")

// pushCommands reads the lines in front of the pack. A lone flush, with which git tries whether it may come in, has none.
func pushCommands(body []byte) (commands []pushCommand, capabilities string, err error) {
	for {
		if len(body) < 4 {
			return nil, "", errPush
		}
		n, err := strconv.ParseUint(string(body[:4]), 16, 16)
		if err != nil || int(n) > len(body) || n > 0 && n < 4 {
			return nil, "", errPush
		}
		if n == 0 {
			return commands, capabilities, nil
		}
		line, more, _ := strings.Cut(strings.TrimSuffix(string(body[4:n]), "\n"), "\x00")
		if len(commands) == 0 && more != "" {
			capabilities = more
		}
		body = body[n:]
		if strings.HasPrefix(line, "shallow ") {
			continue
		}
		parts := strings.SplitN(line, " ", 3)
		if len(parts) != 3 || !isHash(parts[0]) || !isHash(parts[1]) {
			return nil, "", errPush
		}
		commands = append(commands, pushCommand{parts[0], parts[1], parts[2]})
	}
}

func isHash(s string) bool { return (len(s) == 40 || len(s) == 64) && strings.Trim(s, lowerHex) == "" }

// refusesPush says why a push is declined, "" for not at all, and whether branches may lose commits by it. One refused
// ref declines all.
func (c *Call) refusesPush(b *bare, commands []pushCommand) (reason string, force bool) {
	force = true
	for _, p := range commands {
		branch, isBranch := strings.CutPrefix(p.ref, "refs/heads/")
		tag, isTag := strings.CutPrefix(p.ref, "refs/tags/")
		switch {
		case isBranch && refName(branch):
			reason = c.refusesBranch(branch, p)
			if rules := c.Project.branchRules(branch); len(rules) > 0 && !slices.ContainsFunc(rules, func(r *ProtectedBranch) bool { return r.AllowForcePush }) {
				force = false
			}
		case isTag && refName(tag):
			reason = c.refusesTag(tag, p)
		default:
			reason = fmt.Sprintf("You are not allowed to update the ref %q.", p.ref)
		}
		if reason != "" {
			return reason, false
		}
	}
	return "", force
}

func (c *Call) refusesBranch(name string, p pushCommand) string {
	protected := len(c.Project.branchRules(name)) > 0
	r := c.Project.PushRule
	switch {
	case p.deletes() && c.Project.Repository != nil && name == c.Project.Repository.branch():
		return "The default branch of a project cannot be deleted."
	case p.deletes() && protected && c.Level(c.Project) < Maintainer:
		return "You are not allowed to delete protected branches from this project. Only a project maintainer or owner can delete a protected branch."
	case p.deletes() && protected:
		return "You can only delete protected branches using the web interface."
	case p.creates() && protected && !c.mayPush(c.Project, name) && !c.mayMerge(c.Project, name):
		return "You are not allowed to create protected branches on this project."
	case !p.creates() && !p.deletes() && !c.mayPush(c.Project, name):
		return "You are not allowed to push code to protected branches on this project."
	case p.creates() && r != nil && c.Profile.Tier >= Premium && !matches(r.BranchName, name):
		return "Branch name '" + name + "' does not follow the pattern '" + r.BranchName + "'"
	}
	return ""
}

// matches says that a name fits a push rule; a rule that is no expression holds nobody up.
func matches(pattern, name string) bool {
	wanted, err := regexp.Compile(pattern)
	return err != nil || wanted.MatchString(name)
}

func (c *Call) refusesTag(name string, p pushCommand) string {
	protected := slices.ContainsFunc(c.Project.ProtectedTags, func(t *ProtectedTag) bool { return fits(t.Name, name) })
	r := c.Project.PushRule
	switch {
	case p.deletes() && r != nil && r.DenyDeleteTag && c.Profile.Tier >= Premium:
		return "You cannot delete a tag"
	case p.deletes() && protected:
		return "You can only delete protected tags using the web interface."
	case !p.creates() && !p.deletes() && protected:
		return "Protected tags cannot be updated."
	case p.creates() && !c.mayCreateTag(c.Project, name):
		return "You are not allowed to create this tag as it is protected."
	}
	return ""
}

// declinePush answers as receive-pack does whose pre-receive hook said no: the reason on the second band, the fate of
// each ref on the first.
func declinePush(w http.ResponseWriter, commands []pushCommand, capabilities, reason string) {
	line := func(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }
	report := line("unpack ok\n")
	for _, p := range commands {
		report += line("ng " + p.ref + " pre-receive hook declined\n")
	}
	report += "0000"
	w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
	w.WriteHeader(http.StatusOK)
	if strings.Contains(capabilities, "side-band-64k") {
		report = line("\x02GitLab: "+reason+"\n") + line("\x01"+report) + "0000"
	}
	_, _ = io.WriteString(w, report)
}
