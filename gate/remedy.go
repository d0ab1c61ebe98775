package gate

import (
	"fmt"
	"strings"
)

// remedies say how a credential is made void, by the beginning of its detector's name. The first that fits is used.
var remedies = []struct {
	prefix string
	steps  []string
}{
	{"gitlab-deploy-token", []string{"revoke it: project or group > Settings > Repository > Deploy tokens, or", `glab api --method DELETE "projects/:id/deploy_tokens/<id>"`}},
	{"gitlab-runner", []string{"reset it: glab api --method POST runners/<id>/reset_authentication_token"}},
	{"gitlab-", []string{"revoke it: user, project or group > Settings > Access tokens, or, as its owner,", `glab api --method POST "personal_access_tokens/<id>/rotate"`}},
	{"aws-", []string{"aws iam create-access-key, deploy the replacement, then", "aws iam update-access-key --status Inactive --access-key-id <id>; better: an id_tokens role without a key"}},
	{"gcp-", []string{"gcloud iam service-accounts keys delete <id> --iam-account <account>; better: workload identity federation"}},
	{"github-", []string{"revoke it: GitHub > Settings > Developer settings > Tokens"}},
	{"private-key", []string{"make another key pair (ssh-keygen -t ed25519), put its public half where this one's stands, and remove this one's there"}},
	{"jwt", []string{"end the session or rotate the signing key it was made with; it stays valid until its exp otherwise"}},
}

// remedy says how to make a detector's sort of credential void, in lines.
func remedy(detector string) []string {
	for _, r := range remedies {
		if strings.HasPrefix(detector, r.prefix) {
			return r.steps
		}
	}
	return []string{"have its issuer revoke it and make another; whoever can clone the branch may have it"}
}

// writeHelp says what to do, in order, with the commands for this change.
func (r *Result) writeHelp(b *strings.Builder, o TextOptions) {
	first := r.New[0].Places[0]
	b.WriteString("What to do, in this order:\n")
	b.WriteString("1. Rotate each one, as said above")
	if o.Staged || o.Pushed {
		b.WriteString(", if it was ever pushed, sent or shown anywhere.\n")
	} else {
		b.WriteString(": a value that was pushed is known, and removing it does not change that.\n")
	}
	b.WriteString("2. Put the value where the job gets it at run time: an ID token (id_tokens:), a secrets manager (secrets:), or a\n")
	b.WriteString("   masked and protected CI/CD variable: glab variable set NAME --masked --protected; use $NAME in the file.\n")
	if o.Staged {
		path := quote(first.Path)
		fmt.Fprintf(b, "3. Take it out of the file, then: git add -- %s (or leave the file out: git restore --staged -- %s)\n", path, path)
	} else {
		fmt.Fprintf(b, "3. Take it out of the commits, for each secret's commit as for the first one:\n")
		fmt.Fprintf(b, "     git rebase -i %s      # mark %s with \"edit\"\n", o.rebaseOnto(), abbreviate(first.Commit))
		fmt.Fprintf(b, "     git add -- %s && git commit --amend --no-edit && git rebase --continue\n", quote(first.Path))
		if o.Pushed {
			b.WriteString("     git push      # again: nothing of this push was taken\n")
		} else {
			b.WriteString("     git push --force-with-lease\n")
		}
	}
	fmt.Fprintf(b, "No secret, or one to be kept for a while? Ask for an exception: in a merge request of its own, commit what this writes:\n"+
		"     %s gate%s --baseline-add --only %s --owner WHO --reason WHY --until YYYY-MM-DD\n"+
		"   It counts once it is in the target branch (%s). docs/gate.md says how.\n\n", o.Program, o.flags(), first.ID[:12], o.Baseline)
}

func (o TextOptions) rebaseOnto() string {
	if o.Base == "" {
		return "--root"
	}
	return abbreviate(o.Base)
}

func (o TextOptions) flags() string {
	switch {
	case o.Staged:
		return " --staged"
	case o.Base != "":
		return " --base " + abbreviate(o.Base)
	}
	return ""
}

// quote makes a path of a repository safe to copy into a shell.
func quote(path string) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("./_-+,@", c)
	}
	if strings.IndexFunc(path, func(c rune) bool { return !plain(c) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(safe(path, 200), "'", `'\''`) + "'"
}
