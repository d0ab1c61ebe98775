package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
)

// IDs are text, for life, and say nothing that can change. Their parts are percent-encoded, so a slash
// always separates; a part of more than 256 bytes is cut, with a digest in place of the rest. INSTANCE is the name
// given in the configuration, not the host that may change.

// IdentityID returns INSTANCE/identity/kind/id. Every user account, bot or not, is of kind "user".
func IdentityID(instance, kind, id string) string { return join(instance, "identity", kind, id) }

// UserID returns the ID that a user account has as User and as Identity.
func UserID(instance string, number int64) string {
	return IdentityID(instance, "user", strconv.FormatInt(number, 10))
}

// WorkloadID returns the identity ID of a pipeline job: project number and job name.
func WorkloadID(instance string, project int64, job string) string {
	return join(instance, "identity", "workload", strconv.FormatInt(project, 10), job)
}

// CredentialID returns INSTANCE/credential/kind/id. Access tokens of every sort share the kind "access-token",
// for an administrator's list and a project's list show the same row.
func CredentialID(instance, kind, id string) string { return join(instance, "credential", kind, id) }

// ExternalID returns the credential ID of a value that no GitLab row stands for: known by its fingerprint,
// or, where the value cannot be read, by the one location that holds it.
func ExternalID(instance, fingerprintOrLocation string) string {
	return join(instance, "credential", "external", fingerprintOrLocation)
}

// HomeRef names a home inside its instance: "instance", "group:7", "project:42".
func HomeRef(kind HomeKind, number int64) string {
	if kind == InstanceHome {
		return string(InstanceHome)
	}
	return string(kind) + ":" + strconv.FormatInt(number, 10)
}

// HomeID returns INSTANCE/home/REF.
func HomeID(instance string, kind HomeKind, number int64) string {
	return join(instance, "home", HomeRef(kind, number))
}

// RefOf returns the last part of a home ID, "project:42".
func RefOf(homeID string) string {
	return homeID[strings.LastIndexByte(homeID, '/')+1:]
}

// VariableID returns INSTANCE/variable/project:42/KEY/scope. A variable has no number of its own in GitLab.
func VariableID(instance, home, key, environmentScope string) string {
	return join(instance, "variable", RefOf(home), key, environmentScope)
}

// LocationID returns INSTANCE/location/REF/surface/path/fingerprint/ordinal, the ordinal counting equal
// fingerprints in one path from 1.
func LocationID(instance, home, surface, path, fingerprint string, ordinal int) string {
	return join(instance, "location", RefOf(home), surface, path, fingerprint, strconv.Itoa(ordinal))
}

// GrantID returns INSTANCE/grant/kind/subject/REF; subject is the ID of who holds the grant, without its instance.
func GrantID(instance, kind, subject, home string) string {
	return join(instance, "grant", kind, strings.TrimPrefix(subject, url.PathEscape(instance)+"/"), RefOf(home))
}

// UsageID returns INSTANCE/usage/project/job/system/name, name being the variable or token the job uses.
func UsageID(instance string, project int64, job, system, name string) string {
	return join(instance, "usage", strconv.FormatInt(project, 10), job, system, name)
}

// longestPart bounds a part of an ID, in bytes before encoding: a file path or job name may be thousands of bytes long,
// and PostgreSQL indexes no key above 2,700.
const longestPart = 256

func join(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		if len(p) > longestPart {
			sum := sha256.Sum256([]byte(p))
			// No part that is encoded whole has a bare "!", so that none can be made to look like a cut one.
			b.WriteString(url.PathEscape(strings.ToValidUTF8(p[:longestPart/4], "")) + "!" + hex.EncodeToString(sum[:16]))
			continue
		}
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}
