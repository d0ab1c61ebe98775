package scanner

// withoutAPI lists the kinds of credential that GitLab has but shows in no API, so that their absence from the
// inventory is never taken for their absence from the instance.
func withoutAPI() []Source {
	list := []Source{
		{ID: "scim-token", Title: "SCIM tokens", Shows: "GitLab shows SCIM tokens of groups in its web pages only"},
		{ID: "feed-token", Title: "Feed tokens", Shows: "GitLab lists no feed tokens: every user has one, which never expires"},
		{ID: "incoming-mail-token", Title: "Incoming mail tokens", Shows: "GitLab lists no incoming mail tokens: every user has one, which never expires"},
		{ID: "feature-flag-token", Title: "Feature flag client tokens", Shows: "GitLab shows feature flag client tokens in its web pages only"},
		{ID: "user-oauth-application", Title: "OAuth applications of users and groups", Shows: "GitLab lists neither OAuth applications of users and groups nor what users granted to applications"},
		{ID: "workspace-token", Title: "Workspace tokens", Shows: "GitLab lists no workspace tokens: they live as long as their workspace"},
		{ID: "session", Title: "Sessions", Shows: "GitLab lists no sessions of other users"},
	}
	for i := range list {
		list[i].Homes = atInstance
	}
	return list
}
