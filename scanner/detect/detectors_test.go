package detect

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// placeholder is what stands in examples for text that is made when the test runs: <kind:length>, or <check:NAME> for
// what closes the value before it with a checksum.
var placeholder = regexp.MustCompile(`<([A-Za-z0-9]+):([A-Za-z0-9-]+)>`)

var alphabets = map[string]string{
	"alnum": alnum, "base62": alnum, "urlsafe": urlSafe, "base64": alnum + "+/", "hex": "0123456789abcdef", "HEX": "0123456789ABCDEF",
	"digits": "0123456789", "upper": alnum[10:36], "lower": alnum[36:], "ALNUM": alnum[:36], "base36": "0123456789" + alnum[36:],
	"consonants": "bcdfghjklmnpqrstvwxz2456789", "base32": alnum[10:36] + "234567", "base58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
}

// expand fills in the placeholders of an example; equal seeds give equal text.
func expand(t *testing.T, example string, seed uint64) string {
	t.Helper()
	h := fnv.New64a()
	h.Write([]byte(example))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	var out strings.Builder
	done := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(example, -1) {
		out.WriteString(example[done:m[0]])
		done = m[1]
		kind, arg := example[m[2]:m[3]], example[m[4]:m[5]]
		if kind == "check" {
			closing := closings[arg]
			if closing == nil {
				t.Fatalf("%q: no test knows how to close a value with %s", example, arg)
			}
			value := out.String()
			value = value[1+strings.LastIndexAny(value, " \t\n\"'=:/`"):]
			out.WriteString(closing(r, value))
			continue
		}
		n, err := strconv.Atoi(arg)
		if alphabets[kind] == "" || err != nil {
			t.Fatalf("%q: no placeholder is written %s", example, example[m[0]:m[1]])
		}
		out.WriteString(random(r, alphabets[kind], n))
	}
	return out.String() + example[done:]
}

// closings make what closes a value with a checksum, from what the value has so far.
var closings = map[string]func(r *rand.Rand, value string) string{
	"github-crc32": func(_ *rand.Rand, value string) string {
		return inBase62(crc([]byte(value[1+strings.LastIndexByte(value, '_'):])))
	},
	"grafana-crc32": func(_ *rand.Rand, value string) string {
		sum := binary.LittleEndian.AppendUint32(nil, uint32(crc([]byte(strings.TrimSuffix(value, "_")))))
		return hex.EncodeToString(sum)
	},
	"azure-marvin": func(_ *rand.Rand, value string) string { // 57 bytes, of which the last 3 name the service
		raw, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			panic(err)
		}
		seed := binary.BigEndian.Uint64([]byte(azureSeeds[value[len(value)-4:]][0]))
		raw = binary.LittleEndian.AppendUint32(raw, marvin(raw, seed))
		return base64.StdEncoding.EncodeToString(raw)[len(value):]
	},
	"crates-xor": func(_ *rand.Rand, value string) string {
		var sum byte
		for _, c := range []byte(value[1+strings.LastIndexByte(value, '_'):]) {
			sum ^= c
		}
		return string((alnum[10:] + alnum[:10])[int(sum)%len(alnum)])
	},
	"gitlab-routable": func(_ *rand.Rand, value string) string {
		return fmt.Sprintf("%07s", strconv.FormatUint(crc([]byte(value)), 36))
	},
	"nkey-crc16": func(r *rand.Rand, value string) string { // the first characters are the kind of key
		for {
			raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(value + random(r, alphabets["base32"], 56-len(value)))
			if err != nil {
				panic(err)
			}
			raw = raw[:34]
			text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(binary.LittleEndian.AppendUint16(raw, crc16(raw)))
			if strings.HasPrefix(text, value) {
				return text[len(value):]
			}
		}
	},
	"bech32": func(r *rand.Rand, value string) string {
		at := strings.LastIndexByte(value, '1')
		prefix, digits := strings.ToLower(value[:at]), random(r, bech32Digits, 52)
		text := digits
		sum := bech32Sum(prefix, digits+"qqqqqq") ^ 1
		for i := range 6 {
			text += string(bech32Digits[sum>>(5*(5-i))&31])
		}
		if value == strings.ToUpper(value) {
			return strings.ToUpper(text)
		}
		return text
	},
}

func entries(t *testing.T) []detector {
	t.Helper()
	all, err := loadDetectors(ownDetectors)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDetectors_examples(t *testing.T) {
	for i, d := range entries(t) {
		if testing.Short() && i%8 != 0 {
			continue
		}
		// Alone, so that no other detector decides; the whole engine is asked for examples as well.
		e, err := newEngine(Options{RulesTOML: []byte("title='none'")}, nil, []detector{d})
		if err != nil {
			t.Errorf("%s: %v", d.ID, err)
			continue
		}
		for seed := range uint64(3) {
			for _, example := range d.Examples {
				text := expand(t, example, seed)
				if !found(e, d.ID, text) {
					t.Errorf("%s: %q is not found (%q)", d.ID, example, text)
				} else if !found(engine(t), d.ID, text) {
					t.Errorf("%s: of %q the engine as a whole reports only %v", d.ID, example, detectors(engine(t).Scan("", []byte(text))))
				}
			}
			for _, miss := range d.Misses {
				if text := expand(t, miss, seed); found(e, d.ID, text) {
					t.Errorf("%s: the miss %q is found (%q)", d.ID, miss, text)
				}
			}
		}
	}
}

func found(e *Engine, id, text string) bool {
	return slices.ContainsFunc(e.Scan("", []byte(text)), func(f Finding) bool { return f.Detector == id })
}

func TestDetectors_are_well_formed(t *testing.T) {
	stock, _ := loadRules(nil, nil)
	ids := map[string]bool{}
	for _, d := range entries(t) {
		if ids[d.ID] || !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(d.ID) {
			t.Errorf("id %q is not unique or not kebab-case", d.ID)
		}
		ids[d.ID] = true
		if d.Title == "" || len(d.Examples) == 0 || len(d.Misses) == 0 || !strings.HasPrefix(d.Reference, "https://") {
			t.Errorf("%s: an entry has a title, examples, misses and a reference", d.ID)
		}
		if len(d.Keywords) == 0 || slices.ContainsFunc(d.Keywords, func(k string) bool { return len(k) < 2 || k != strings.ToLower(k) }) {
			t.Errorf("%s: keywords %q: want some, lower case, of two bytes or more", d.ID, d.Keywords)
		}
		if d.Confidence < 0 || d.Confidence > 1 {
			t.Errorf("%s: confidence %v is not of 0 to 1", d.ID, d.Confidence)
		}
		for _, id := range d.Replaces {
			if _, known := stock.Rules[id]; !known {
				t.Errorf("%s replaces %s, which the catalogue has not", d.ID, id)
			}
		}
	}
}

func TestDetectors_hold_no_secret(t *testing.T) {
	made := regexp.MustCompile(`[^\s"'=]*<[A-Za-z0-9]+:[A-Za-z0-9-]+>[^\s"']*["']?`)
	for _, d := range entries(t) {
		for _, text := range slices.Concat(d.Examples, d.Misses) {
			for _, f := range engine(t).Scan("", []byte(made.ReplaceAllString(text, "="))) {
				if isGeneric(f.Detector) || f.Detector == "assigned-secret" || f.Confidence < DefaultConfidence {
					continue // takes "<HEX" for one
				}
				t.Errorf("%s: %q holds what %s takes for a secret; write a placeholder", d.ID, text, f.Detector)
			}
		}
	}
}

func TestChecks(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		holds := checks[name]
		begin := map[string]string{
			"github-crc32": "ghp_" + random(r, alnum, 30), "grafana-crc32": "glsa_" + random(r, alnum, 32) + "_", "nkey-crc16": "SU",
			"azure-marvin": random(r, alnum, 76) + "+ASt", "crates-xor": "cio_tp_" + random(r, alnum, 31),
			"bech32": "AGE-SECRET-KEY-1", "gitlab-routable": "glpat-" + random(r, urlSafe, 36) + ".10",
		}[name]
		closing := closings[name]
		if closing == nil || begin == "" {
			t.Errorf("no test makes a value that passes %s", name)
			continue
		}
		value := begin + closing(r, begin)
		if !holds([]byte(value)) {
			t.Errorf("%s does not hold for %q, which was made by it", name, value)
		}
		for i := range value {
			for _, c := range []byte("0Aa7_") {
				harmed := []byte(value)
				if harmed[i] == c {
					continue
				}
				if harmed[i] = c; !slices.Contains([]string{"github-crc32", "grafana-crc32", "crates-xor"}, name) && holds(harmed) {
					t.Errorf("%s holds for %q, changed at %d", name, harmed, i)
				}
			}
			holds([]byte(value[:i])) // no panic
		}
	}
	// From the tests of microsoft/security-utilities and rust-lang/crates.io.
	if sum := marvin([]byte("abc"), 0xd53cd9cecd0893b7); sum != 0x6be02a86 {
		t.Errorf("marvin(abc) = %x", sum)
	}
	if sum := marvin([]byte("abcdefghijklmnopqrstuvwxyz"), 0x0ddddeeeeffff000); sum != 0xd34847dc {
		t.Errorf("marvin(abc…z) = %x", sum)
	}
	if !cratesChecksum([]byte("cio_tp_0000000000000000000000000000000" + "w")) {
		t.Error("crates-xor does not hold for the published value")
	}
	// From the announcement of the format.
	if published := "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17"; !githubChecksum([]byte(published)) {
		t.Error("github-crc32 does not hold for the published value")
	}
}
