package gitlabtest

import (
	"net/http"
	"slices"
)

// oauthRoutes are the door for applications. Nobody can sign in here by a page, so that there is no grant to give a
// token for: what is answered is what GitLab answers to a grant that it does not know.
func oauthRoutes() []Route {
	const source = "https://docs.gitlab.com/api/oauth2/"
	open := func(method, path string, handle Handler) Route {
		return Route{Method: method, Path: path, Anonymous: true, AnyScope: true, Reads: true, Source: source, Handle: handle}
	}
	return []Route{
		open("POST", "/oauth/token", oauthToken),
		open("POST", "/oauth/revoke", func(c *Call) Answer { return c.forClient(func() Answer { return OK(Object{}) }) }),
		open("POST", "/oauth/introspect", func(c *Call) Answer { return c.forClient(func() Answer { return OK(Object{"active": false}) }) }),
		open("GET", "/oauth/token/info", func(*Call) Answer {
			return oauthFault(http.StatusUnauthorized, "invalid_token", "The access token is invalid")
		}),
		open("GET", "/oauth/discovery/keys", func(*Call) Answer { return OK(Object{"keys": []any{}}) }),
		open("GET", "/.well-known/openid-configuration", openIDConfiguration),
	}
}

// oauthFault is an error of OAuth, which names itself in a header too. Source: RFC 6749 section 5.2, RFC 6750 section 3
func oauthFault(status int, code, text string) Answer {
	a := oauthError(status, code, text, "")
	a.Header = http.Header{"Www-Authenticate": {`Bearer realm="Doorkeeper", error="` + code + `", error_description="` + text + `"`}}
	return a
}

// forClient lets applications through that name themselves by their ID, and prove it by their secret if they keep one.
func (c *Call) forClient(use func() Answer) Answer {
	id, secret, basic := c.Request.BasicAuth()
	if !basic {
		id, secret = c.Text("client_id"), c.Text("client_secret")
	}
	for _, a := range c.st.w.Applications {
		if a.ClientID == id && (!a.Confidential || a.Value == secret) {
			return use()
		}
	}
	return oauthFault(http.StatusUnauthorized, "invalid_client", "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
}

func oauthToken(c *Call) Answer {
	switch kind := c.Text("grant_type"); {
	case kind == "":
		return oauthFault(http.StatusBadRequest, "invalid_request", "Missing required parameter: grant_type.")
	case !slices.Contains(oauthGrants(), kind):
		return oauthFault(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
	}
	return c.forClient(func() Answer {
		return oauthFault(http.StatusBadRequest, "invalid_grant", "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.")
	})
}

func oauthGrants() []string {
	return []string{"authorization_code", "password", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "refresh_token"}
}

func openIDConfiguration(c *Call) Answer {
	return OK(Object{
		"issuer": c.URL(""), "authorization_endpoint": c.URL("/oauth/authorize"), "token_endpoint": c.URL("/oauth/token"), "revocation_endpoint": c.URL("/oauth/revoke"),
		"introspection_endpoint": c.URL("/oauth/introspect"), "userinfo_endpoint": c.URL("/oauth/userinfo"), "jwks_uri": c.URL("/oauth/discovery/keys"), "scopes_supported": tokenScopes(),
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query", "fragment", "form_post"}, "grant_types_supported": oauthGrants(),
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "claim_types_supported": []string{"normal"}, "code_challenge_methods_supported": []string{"plain", "S256"},
		"claims_supported": []string{"iss", "sub", "aud", "exp", "iat", "sub_legacy", "name", "nickname", "preferred_username", "email", "email_verified", "website", "profile", "picture", "groups", "groups_direct"},
	})
}
