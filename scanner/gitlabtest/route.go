package gitlabtest

import (
	"net/http"
	"net/url"
	"sort"
	"strings"
)

// Route is one line of the table: what may be asked, by whom, since when, and how it is answered.
type Route struct {
	Method string
	// Path is below /api/v4/, as in "projects/:id/variables"; with a leading slash it is below the root, as in
	// "/oauth/token". ":name" is one escaped segment, "*name" is one or more. ":id" directly behind "projects" or
	// "groups" is a number or an escaped full path and is resolved into Call.Project or Call.Group.
	Path string

	// Role is the least access level on the project or group; NoRole: whoever can see it.
	Role Role
	// Visible lets in whoever may see a public or internal project, whatever his role in it.
	Visible bool
	// Auditor lets an auditor read although the role is missing.
	Auditor bool
	// Admin asks for an effective administrator: with Admin Mode on, the scope admin_mode too.
	Admin bool
	// Anonymous lets callers without credentials in.
	Anonymous bool
	// JobToken lets CI job tokens in.
	JobToken bool
	// Basic takes credentials by HTTP Basic, as git sends them, deploy tokens included; the scope is checked by the handler.
	Basic bool
	// Own leaves the credential to the handler, as what runners send with a job's token needs it.
	Own bool
	// Raw takes the body as a file, whatever its content type says.
	Raw bool
	// Scopes are the token scopes of which one is needed; nil means api, and for GET read_api too.
	Scopes []string
	// AnyScope lets every valid token in, as personal_access_tokens/self does.
	AnyScope bool
	// Permission is what a fine-grained token needs, as in "read_variable"; empty: such tokens cannot come here.
	Permission string

	Tier     Tier
	Offering Offering // zero: everywhere
	Since    string   // version, "" for always
	Until    string   // first version without the route, "" for none
	Paging   Paging
	KeysetBy []string // order_by values that keyset takes; nil: id
	// Reads says that the route changes nothing although its method is not GET.
	Reads bool
	// Source is the page that a route's shape was taken from, where neither schema nor openapi names it.
	Source string

	Handle Handler
}

// Handler answers one request that has passed authentication and authorisation. It runs under the server's lock: it
// reads and changes the state freely and must not block, but for git's short commands on the local disk. The answer is
// written after the lock is gone.
type Handler func(c *Call) Answer

// Paging says how a route lists.
type Paging int

// Ways of paging; the zero Paging is a route that does not list.
const (
	NoPaging Paging = iota
	Offset
	Keyset     // offset and keyset; offset ends at 50,000 rows
	KeysetOnly // offset parameters are refused
)

// routes is the whole table. One line per area; each area is a file routes_<area>.go.
func routes() []Route {
	return concat(
		instanceRoutes(),
		userRoutes(),
		accessTokenRoutes(),
		projectRoutes(),
		groupRoutes(),
		memberRoutes(),
		deployTokenRoutes(),
		deployKeyRoutes(),
		runnerRoutes(),
		ciRoutes(),
		variableRoutes(),
		agentRoutes(),
		hookRoutes(),
		mirrorRoutes(),
		protectionRoutes(),
		graphQLRoutes(),
		applicationRoutes(),
		accountRoutes(),
		managedRoutes(),
		auditRoutes(),
		identifyRoutes(),
		lintRoutes(),
		fileRoutes(),
		contentRoutes(),
		blockingRoutes(),
		accountVerbRoutes(),
		memberVerbRoutes(),
		ciVerbRoutes(),
		runnerVerbRoutes(),
		hookVerbRoutes(),
		deployVerbRoutes(),
		revokeAnyRoutes(),
		namespaceRoutes(),
		keyRoutes(),
		relationRoutes(),
		pushRuleRoutes(),
		approvalRoutes(),
		licenceRoutes(),
		pipelineRoutes(),
		environmentRoutes(),
		repositoryRoutes(),
		commitRoutes(),
		branchRoutes(),
		commitVerbRoutes(),
		projectVerbRoutes(),
		groupVerbRoutes(),
		userVerbRoutes(),
		protectionVerbRoutes(),
		contentVerbRoutes(),
		itemRoutes(),
		wikiRoutes(),
		collectionRoutes(),
		issueRoutes(),
		threadRoutes(),
		transferRoutes(),
		markRoutes(),
		accessRequestRoutes(),
		personalSnippetRoutes(),
		mergeRoutes(),
		pipelineVerbRoutes(),
		runnerMachineRoutes(),
		jobRunRoutes(),
		commitMarkRoutes(),
		searchRoutes(),
		deskRoutes(),
		archiveRoutes(),
		uploadRoutes(),
		releaseLinkRoutes(),
		terraformRoutes(),
		deploymentRoutes(),
		oauthRoutes(),
		gitRoutes(),
	)
}

func concat(areas ...[]Route) []Route {
	var all []Route
	for _, a := range areas {
		all = append(all, a...)
	}
	return all
}

func (r *Route) scopes() []string {
	if r.Scopes != nil {
		return r.Scopes
	}
	if r.Method == http.MethodGet {
		return []string{"api", "read_api"}
	}
	return []string{"api"}
}

// offered says whether the profile has the route at all.
func (r *Route) offered(p Profile) bool {
	return p.Tier >= r.Tier && p.Has(r.Since) && (r.Until == "" || !p.Has(r.Until)) &&
		(r.Offering == 0 || r.Offering == p.Offering)
}

// tree finds routes by path: one node per segment.
type tree struct {
	static  map[string]*tree
	param   *tree
	rest    *tree
	methods map[string]*leaf
}

// leaf is a route with the names of its parameters, in order.
type leaf struct {
	route *Route
	names []string
}

// plant adds a route and reports whether its place was free.
func (t *tree) plant(r *Route) bool {
	path := r.Path
	if !strings.HasPrefix(path, "/") {
		path = "/api/v4/" + path
	}
	node, names := t, []string(nil)
	for _, seg := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		switch {
		case strings.HasPrefix(seg, ":"):
			node, names = grow(&node.param), append(names, seg[1:])
		case strings.HasPrefix(seg, "*"):
			node, names = grow(&node.rest), append(names, seg[1:])
		default:
			if node.static == nil {
				node.static = map[string]*tree{}
			}
			if node.static[seg] == nil {
				node.static[seg] = &tree{}
			}
			node = node.static[seg]
		}
	}
	if node.methods == nil {
		node.methods = map[string]*leaf{}
	}
	if node.methods[r.Method] != nil {
		return false
	}
	node.methods[r.Method] = &leaf{route: r, names: names}
	return true
}

// grow fills an empty place of the tree and returns what stands there.
func grow(place **tree) *tree {
	if *place == nil {
		*place = &tree{}
	}
	return *place
}

// maxRest is how many segments a "*name" takes: far more than groups nest or files lie deep.
const maxRest = 100

// find returns the leaves by method for an escaped path, with the unescaped values of the parameters; nil where no
// template fits. Static segments win over parameters.
func (t *tree) find(segs, vals []string) (map[string]*leaf, []string) {
	if len(segs) == 0 {
		return t.methods, vals
	}
	if next := t.static[segs[0]]; next != nil {
		if m, v := next.find(segs[1:], vals); m != nil {
			return m, v
		}
	}
	if t.param != nil && segs[0] != "" {
		if m, v := t.param.find(segs[1:], append(vals[:len(vals):len(vals)], unescape(segs[0]))); m != nil {
			return m, v
		}
	}
	if t.rest != nil {
		for n := min(len(segs), maxRest); n > 0; n-- {
			all := unescape(strings.Join(segs[:n], "/"))
			if m, v := t.rest.find(segs[n:], append(vals[:len(vals):len(vals)], all)); m != nil {
				return m, v
			}
		}
	}
	return nil, nil
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

func allowed(methods map[string]*leaf) string {
	var names []string
	for m := range methods {
		names = append(names, m)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}
