package scanner

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
)

func TestTrusts(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []trust
	}{
		"aws_json": {`{"Statement": [{
  "Effect": "Allow",
  "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/gitlab.example.com"},
  "Action": "sts:AssumeRoleWithWebIdentity",
  "Condition": {"StringEquals": {
    "gitlab.example.com:sub": "project_path:shop/cart:ref_type:branch:ref:main",
    "gitlab.example.com:aud": ["https://sts.example", "other"]
  }}
}]}`, []trust{{"aws", "project_path:shop/cart:ref_type:branch:ref:main", "https://sts.example other", 4, "gitlab.example.com"}}},
		"aws_terraform": {`data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals { identifiers = [aws_iam_openid_connect_provider.gitlab.arn] }
    condition {
      test     = "StringLike"
      variable = "gitlab.com:sub"
      values   = ["project_path:shop/*:ref_type:branch:ref:*"]
    }
  }
}`, []trust{{"aws", "project_path:shop/*:ref_type:branch:ref:*", "", 3, "gitlab.com"}}},
		"two_in_a_file": {strings.Repeat(`statement {
    principals { identifiers = ["gitlab"] }
    actions = ["sts:AssumeRoleWithWebIdentity"]
    condition {
      variable = "gitlab.com:aud"
      values   = [var.audience]
    }
}
`, 2), []trust{{"aws", "", "var.audience", 3, "gitlab.com"}, {"aws", "", "var.audience", 11, "gitlab.com"}}},
		"gcp": {`resource "google_iam_workload_identity_pool_provider" "gitlab" {
  attribute_condition = "assertion.project_path == \"shop/cart\""
  oidc {
    allowed_audiences = ["gcp"]
    issuer_uri        = "https://gitlab.example.com"
  }
}`, []trust{{"gcp", `assertion.project_path == "shop/cart"`, "gcp", 1, "gitlab.example.com"}}},
		"azure": {`resource "azuread_application_federated_identity_credential" "x" {
  issuer    = "https://gitlab.example.com"
  subject   = "project_path:shop/cart:ref_type:branch:ref:main"
  audiences = ["api://AzureADTokenExchange"]
}`, []trust{{"azure", "project_path:shop/cart:ref_type:branch:ref:main", "api://AzureADTokenExchange", 1, "gitlab.example.com"}}},
		"vault": {`resource "vault_jwt_auth_backend_role" "gitlab" {
  bound_audiences = ["https://vault.example"]
  bound_claims = {
    project_id = "42"
  }
}`, []trust{{"vault", "project_id:42", "https://vault.example", 1, ""}}},
		"another_issuer": {`"Action": "sts:AssumeRoleWithWebIdentity", "token.actions.githubusercontent.com:sub": "repo:a/b"`, nil},
		"own_host": {`resource "azuread_application_federated_identity_credential" "x" {
  issuer    = "https://git.example"
  subject   = "project_path:shop/cart:ref_type:branch:ref:main"
  audiences = ["api://AzureADTokenExchange"]
}`, []trust{{"azure", "project_path:shop/cart:ref_type:branch:ref:main", "api://AzureADTokenExchange", 1, "git.example"}}},
		"none": {"hello gitlab", nil},
	} {
		if diff := gocmp.Diff(tt.want, trusts([]byte(tt.text), "git.example")); diff != "" {
			t.Errorf("%s: trusts (-want +got):\n%s", name, diff)
		}
	}
}

func TestTrustIsAGrant(t *testing.T) {
	c := commit(0, "infra/oidc.tf", "resource \"vault_jwt_auth_backend_role\" \"gitlab\" {\n  bound_audiences = [\"https://vault.example\"]\n}\n")
	git := newClones(t)
	for _, turn := range []string{"first", "kept"} {
		s := setup{Role: "maintainer", Projects: []string{cart}, Sources: []Source{repositorySource}, Git: git, Change: history(cart, c)}.scan(t)
		if s.Err != nil {
			t.Fatal(s.Err)
		}
		var notes []string
		for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
			if g, ok := o.(inventory.Grant); ok && g.Kind == "oidc-trust" {
				notes = append(notes, g.Note+" "+g.Subject+" "+g.Scope)
			}
		}
		if diff := gocmp.Diff([]string{"vault infra/oidc.tf:1  https://vault.example"}, notes); diff != "" {
			t.Errorf("%s: trusts (-want +got):\n%s", turn, diff)
		}
	}
}
