package gitlabtest

import (
	"net/http"
	"strings"
)

// exposed are the headers that a page of another origin may read.
const exposed = "ETag, Link, X-Gitlab-Blob-Id, X-Gitlab-Commit-Id, X-Gitlab-Content-Sha256, X-Gitlab-Encoding, X-Gitlab-File-Name, X-Gitlab-File-Path, " +
	"X-Gitlab-Last-Commit-Id, X-Gitlab-Ref, X-Gitlab-Size, X-Next-Page, X-Page, X-Per-Page, X-Prev-Page, X-Request-Id, X-Total, X-Total-Pages"

// crossOrigin lets programs in a browser use the API, as GitLab does: from everywhere, and without cookies. It answers
// the question that a browser asks before and reports whether that was it.
// Source: GitLab's config/application.rb, https://fetch.spec.whatwg.org/#http-cors-protocol
func crossOrigin(w http.ResponseWriter, r *http.Request, path string) bool {
	if r.Header.Get("Origin") == "" || !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/oauth/") {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Expose-Headers", exposed)
	h.Set("Access-Control-Max-Age", "7200")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	w.WriteHeader(http.StatusOK)
	return true
}
