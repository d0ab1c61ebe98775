package scanner

import (
	"context"
	"strconv"
	"strings"

	"nhiscan/inventory"
	"nhiscan/inventory/secret"
)

// GitLab scrubs a mirror's address to https://*****:*****@host/path: that a credential exists is told, not which.
// A pull mirror acts as one user of the project; whether there is one stands in the project itself.
// Source: https://docs.gitlab.com/api/remote_mirrors/, https://docs.gitlab.com/api/project_pull_mirroring/
var mirror = Source{
	ID:    "mirror",
	Title: "Repository mirrors",
	Shows: "Push and pull mirrors, whether a password or key stands behind them, and their last success.",
	API:   []string{"GET /projects/:id/remote_mirrors", "GET /projects/:id/mirror/pull"},
	Needs: Needs{Role: Maintainer, Scope: "read_api"},
	Homes: atProject,
	Collect: func(ctx context.Context, v *Visit) error {
		for raw, err := range pages[mirrorJSON](ctx, v, "%s/remote_mirrors", v.Path()) {
			if err != nil {
				return err
			}
			v.emitMirror("push", raw, "")
		}
		pulls := v.Home.Setting("mirror")
		if pulls == inventory.No || pulls == inventory.Unknown && v.Self.Enterprise == inventory.No {
			return nil
		}
		raw, err := one[mirrorJSON](ctx, v, "%s/mirror/pull", v.Path())
		switch {
		case notFound(err), statusOf(err) == 400 && pulls != inventory.Yes: // it has none
			if pulls == inventory.Yes {
				v.Incomplete("the pull mirror is not shown")
			}
			return nil
		case err != nil:
			return err
		}
		v.emitMirror("pull", raw, v.mirrorUser())
		return nil
	},
}

type mirrorJSON struct {
	ID          int64      `json:"id"`
	URL         hiddenText `json:"url"`
	Enabled     flag       `json:"enabled"`
	Auth        string     `json:"auth_method"` // password or ssh_public_key
	Status      string     `json:"update_status"`
	LastSuccess moment     `json:"last_successful_update_at"`
}

// mirrorUser returns the account with whose rights a pull mirror writes; empty when it is not shown.
func (v *Visit) mirrorUser() string {
	if v.unit.project == nil {
		return ""
	}
	return v.UserID(v.unit.project.MirrorUserID)
}

func (v *Visit) emitMirror(direction string, raw mirrorJSON, user string) {
	// The two directions are numbered apart from each other.
	number := direction + "-" + strconv.FormatInt(raw.ID, 10)
	id := inventory.IdentityID(v.Instance(), "mirror", number)
	state := stateOf(raw.Enabled.Tri())
	address := v.text(bareURL(raw.URL.value))
	use := inventory.Volatile{LastUsedAt: raw.LastSuccess.When(), OnlineStatus: raw.Status}
	v.Emit(inventory.Identity{
		ID: id, Kind: "mirror", Home: v.Home.ID, Name: direction + " mirror " + address, URL: address, State: state, ActsAs: user, Volatile: use,
		Attributes: attributes("direction", direction, "auth_method", raw.Auth),
	})
	if raw.Auth != "ssh_public_key" && !hasUserInfo(raw.URL.value) {
		return
	}
	v.Emit(inventory.Credential{
		ID: inventory.CredentialID(v.Instance(), "mirror-password", number), Kind: "mirror-password", Identity: id, Home: v.Home.ID,
		Name: direction + " mirror " + address, State: state, Volatile: use, Attributes: attributes("auth_method", raw.Auth),
	})
}

// hasUserInfo reports whether a password, scrubbed or not, stands in an address. A user alone, as in ssh://git@host,
// is no credential.
func hasUserInfo(address secret.Value) bool {
	_, rest, _ := strings.Cut(address.Reveal(), "://")
	host, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(host, '@')
	return at > 0 && strings.Contains(host[:at], ":")
}
