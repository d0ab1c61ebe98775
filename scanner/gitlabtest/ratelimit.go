package gitlabtest

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// limiter counts requests per user in fixed windows, as Rack::Attack does.
type limiter struct {
	limit  int
	period time.Duration
	window map[string]*window
}

type window struct {
	start time.Time
	count int
}

func newLimiter(o Options) *limiter {
	period := o.RatePeriod
	if period == 0 {
		period = time.Minute
	}
	return &limiter{limit: int(math.Ceil(o.RatePerSecond * period.Seconds())), period: period, window: map[string]*window{}}
}

// take counts one request, sets the RateLimit headers, and answers 429 above the limit. The server's lock is held.
// Source: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
func (l *limiter) take(h http.Header, a Actor, now time.Time) *Answer {
	if l.limit <= 0 {
		return nil
	}
	who, name := "", "throttle_unauthenticated_api"
	if a.User != nil {
		who, name = a.User.Username, "throttle_authenticated_api"
	}
	start := now.Truncate(l.period)
	w := l.window[who]
	if w == nil || !w.start.Equal(start) {
		w = &window{start: start}
		l.window[who] = w
	}
	w.count++
	reset := start.Add(l.period)
	h.Set("RateLimit-Limit", strconv.Itoa(l.limit))
	h.Set("RateLimit-Name", name)
	h.Set("RateLimit-Observed", strconv.Itoa(w.count))
	h.Set("RateLimit-Remaining", strconv.Itoa(max(0, l.limit-w.count)))
	h.Set("RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	if w.count <= l.limit {
		return nil
	}
	h.Set("RateLimit-ResetTime", reset.UTC().Format(http.TimeFormat))
	wait := int(math.Ceil(reset.Sub(now).Seconds()))
	h.Set("Retry-After", strconv.Itoa(wait))
	answer := Plain(http.StatusTooManyRequests, "text/plain", "Retry later\n")
	return &answer
}
