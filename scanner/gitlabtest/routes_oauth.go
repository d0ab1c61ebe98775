package gitlabtest

import (
	"net/http"
	"slices"
)

// oauthRoutes are the door for applications.
func oauthRoutes() []Route {
	const source = "https://docs.gitlab.com/api/oauth2/"
	open := func(method, path string, handle Handler) Route {
		return Route{Method: method, Path: path, Anonymous: true, AnyScope: true, Reads: true, Source: source, Handle: handle}
	}
	own := func(method, path string, handle Handler) Route {
		r := open(method, path, handle)
		r.Own = true
		return r
	}
	return []Route{
		open("POST", "/oauth/token", giveToken),
		open("POST", "/oauth/revoke", func(c *Call) Answer { return c.forClient(c.revokeOAuth) }),
		open("POST", "/oauth/introspect", func(c *Call) Answer { return c.forClient(c.introspect) }),
		open("POST", "/oauth/authorize_device", authorizeDevice),
		own("GET", "/oauth/authorize", authorizePage), own("POST", "/oauth/authorize", authorizePage),
		own("GET", "/oauth/device", devicePage), own("POST", "/oauth/device", devicePage),
		own("GET", "/oauth/token/info", showOAuthToken),
		{Method: "GET", Path: "/oauth/userinfo", AnyScope: true, Source: source, Handle: showUserInfo},
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
func (c *Call) forClient(use func(*Application) Answer) Answer {
	id, secret, basic := c.Request.BasicAuth()
	if !basic {
		id, secret = c.Text("client_id"), c.Text("client_secret")
	}
	for _, a := range c.st.w.Applications {
		if a.ClientID == id && (!a.Confidential || a.Value == secret) {
			return use(a)
		}
	}
	return oauthFault(http.StatusUnauthorized, "invalid_client", "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
}

// giveToken takes a grant that a person gave. A world has no passwords, and GitLab gives nothing to an application alone.
func giveToken(c *Call) Answer {
	switch kind := c.Text("grant_type"); {
	case kind == "":
		return oauthFault(http.StatusBadRequest, "invalid_request", "Missing required parameter: grant_type.")
	case !slices.Contains(oauthGrants(), kind):
		return oauthFault(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
	}
	return c.forClient(func(app *Application) Answer { return c.exchange(app, c.Text("grant_type")) })
}

// showUserInfo is what OpenID Connect tells of a person.
func showUserInfo(c *Call) Answer {
	u := c.Actor.User
	return OK(Object{"sub": itoa(u.ID), "name": u.Name, "nickname": u.Username, "preferred_username": u.Username, "email": u.Email, "email_verified": true, "profile": c.URL("/" + u.Username), "groups": []string{}})
}

func oauthGrants() []string {
	return []string{"authorization_code", "password", "client_credentials", deviceGrant, "refresh_token"}
}

func openIDConfiguration(c *Call) Answer {
	return OK(Object{
		"issuer": c.URL(""), "authorization_endpoint": c.URL("/oauth/authorize"), "token_endpoint": c.URL("/oauth/token"), "revocation_endpoint": c.URL("/oauth/revoke"),
		"introspection_endpoint": c.URL("/oauth/introspect"), "device_authorization_endpoint": c.URL("/oauth/authorize_device"), "userinfo_endpoint": c.URL("/oauth/userinfo"), "jwks_uri": c.URL("/oauth/discovery/keys"), "scopes_supported": tokenScopes(),
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query", "fragment", "form_post"}, "grant_types_supported": oauthGrants(),
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "claim_types_supported": []string{"normal"}, "code_challenge_methods_supported": []string{"plain", "S256"},
		"claims_supported": []string{"iss", "sub", "aud", "exp", "iat", "sub_legacy", "name", "nickname", "preferred_username", "email", "email_verified", "website", "profile", "picture", "groups", "groups_direct"},
	})
}
