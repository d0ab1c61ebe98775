package scanner

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"nhiscan/inventory"
)

// sshKey reads the SSH keys of bots and service accounts, one request for each account. People's keys are theirs, not
// a pipeline's. Of the bots of access tokens those are asked about whose live token has scope api: nothing less adds a
// key to an account, and GitLab removes a bot whose tokens are dead.
// Source: https://docs.gitlab.com/api/user_keys/
var sshKey = Source{
	ID: "ssh-key", Title: "SSH keys of bots and service accounts",
	Shows: "SSH keys with which service accounts, and bots whose access token may add keys, read and write repositories.",
	API:   []string{"GET /users/:id/keys"},
	Needs: Needs{Scope: "read_api"}, Homes: atInstance,
	Collect: func(ctx context.Context, v *Visit) error {
		return v.eachMachine(ctx, true, v.sshKeys)
	},
}

type sshKeyJSON struct {
	ID         int64  `json:"id"`
	Title      string `json:"title"`
	Key        string `json:"key"`
	CreatedAt  moment `json:"created_at"`
	ExpiresAt  moment `json:"expires_at"`
	LastUsedAt moment `json:"last_used_at"`
	UsageType  string `json:"usage_type"`
}

func (v *Visit) sshKeys(ctx context.Context, account userRef) error {
	for raw, err := range pages[sshKeyJSON](ctx, v, "users/%d/keys", account.ID) {
		if err != nil {
			return err
		}
		c := inventory.Credential{
			ID: v.CredentialID("ssh-key", raw.ID), Kind: "ssh-key", Identity: v.UserID(account.ID), Home: v.machineHome(account),
			Name: raw.Title, State: inventory.StateOf(v.Now(), inventory.No, inventory.Unknown, raw.ExpiresAt.When()),
			CreatedAt: raw.CreatedAt.Known(), ExpiresAt: raw.ExpiresAt.When(), Attributes: publicKeyFacts(raw.Key),
		}
		c.LastUsedAt = raw.LastUsedAt.When()
		if raw.UsageType != "" {
			c.Attributes["usage_type"] = raw.UsageType
		}
		v.Emit(c)
	}
	return nil
}

// publicKeyFacts names a public key as ssh-keygen does, and its type. A key that cannot be read gives no facts.
func publicKeyFacts(key string) map[string]string {
	facts := map[string]string{}
	fields := strings.Fields(key)
	if len(fields) < 2 {
		return facts
	}
	raw, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return facts
	}
	sum := sha256.Sum256(raw)
	facts["key_type"] = cutText(fields[0], 40)
	facts["fingerprint_sha256"] = "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	return facts
}

// machineHome is where an account was made, as far as its name tells; the instance otherwise.
func (v *Visit) machineHome(account userRef) string {
	return firstOf(botHome(v.Instance(), account.Username), v.HomeID(inventory.InstanceHome, 0))
}

// eachMachine calls read for every service account, and for every other bot that has a live token where bots is set.
// A refusal for one account leaves the others. Without administrator rights only service accounts of the groups in
// scope are known.
func (v *Visit) eachMachine(ctx context.Context, bots bool, read func(context.Context, userRef) error) error {
	accounts, err := v.keyHolders(ctx, bots)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if err := read(ctx, a); worthless(err) {
			return err
		} else if err != nil {
			v.Incomplete(fmt.Sprintf("%s: %v", a.Username, err))
		}
	}
	if !v.Admin() {
		return v.onlyAdmin("only service accounts of groups are known")
	}
	return nil
}

func (v *Visit) keyHolders(ctx context.Context, bots bool) ([]userRef, error) {
	if !v.Admin() {
		return v.knownServiceAccounts(ctx)
	}
	all, err := v.bots(ctx)
	if err != nil {
		return nil, err
	}
	users, err := v.tokenUsers(ctx)
	if err != nil {
		return nil, err
	}
	var list []userRef
	for _, id := range sortedNumbers(all) {
		// A name that was chosen freely and a live token: a service account, for GitLab's own bots have no tokens.
		kind := botKind(all[id].Username)
		if kind == "service-account" || users.live[id] && kind == "" || users.api[id] && bots {
			list = append(list, all[id])
		}
	}
	return list, nil
}

func (v *Visit) knownServiceAccounts(ctx context.Context) ([]userRef, error) {
	var list []userRef
	for _, g := range v.topGroups() {
		accounts, err := v.serviceAccountsOf(ctx, g)
		if err != nil && !missing(err) {
			return nil, err
		}
		list = append(list, accounts...)
	}
	return list, nil
}
