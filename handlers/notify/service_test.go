package notify

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExamplesOfTheDocumentAreTaken are the URLs of docs/NOTIFY.md.
func TestExamplesOfTheDocumentAreTaken(t *testing.T) {
	for _, raw := range []string{
		"slack://hook:WNA3PBYV6-F20DUQND3RQ-Webc4MAvoacrpPakR8phF0zi@webhook",
		"slack://xoxb:123456789012-1234567890123-4mt0t4l1YL3g1T5L4cK70k3N@C001CH4NN3L",
		"teams://?host=https%3A%2F%2Fprod-00.westus.logic.azure.com%3A443%2Fworkflows%2Fabc123%2Ftriggers%2Fmanual%2Fpaths%2Finvoke%3Fapi-version%3D2016-06-01%26sig%3DXXXXXXXX",
		"smtp://user:password@mail.example.com:587/?from=faultline@example.com&to=oncall@example.com,data@example.com",
		"generic+https://hooks.example.com/faultline?template=json",
		"generic+https://hooks.example.com/faultline?template=json&@Authorization=Bearer%20token",
		"pagerduty:///eb243592faa24ba2a5511afdf565c889",
		"matrix://user:password@matrix.example.com/?rooms=!id:example.com",
	} {
		s, err := dial(raw, 1)
		require.NoError(t, err, raw)
		assert.Regexp(t, `^[a-z]+, url 1$`, s.label())
	}
}

func TestABadURLIsRefusedWithWhatToWrite(t *testing.T) {
	for raw, want := range map[string]string{
		"https://hooks.slack.com/services/T0/B0/s3cr3tt0ken":  "write generic+https://… for a plain webhook, or the service's own",
		"slak://hook:s3cr3tt0ken@webhook":                     `scheme "slak" names no service; write one of bark, discord, generic`,
		"s3cr3tt0ken":                                         `scheme "" names no service`,
		"slack://s3cr3tt0ken@webhook":                         "service slack does not take it",
		"pagerduty:///s3cr3tt0ken":                            "32-character hexadecimal",
		"smtp://me:s3cr3tt0ken@mail.example.com":              "docs/NOTIFY.md has examples",
		"generic+https:///s3cr3tt0ken":                        "write generic+https://host/path",
		"logger://s3cr3tt0ken":                                "names no service",
		"slack://hook:s3cr3tt0ken%zz@webhook":                 "it is no URL",
		"telegram://s3cr3tt0ken@telegram?chats=s3cr3tt0ken,1": "service telegram does not take it",
	} {
		_, err := New(Config{URLs: []string{"generic+http://127.0.0.1:1/", raw}, Dir: t.TempDir()})
		require.ErrorContains(t, err, want, raw)
		require.ErrorContains(t, err, "notify.urls, number 2")
		assert.NotContains(t, err.Error(), "s3cr3tt0ken")
	}
}

func TestABadListOfKindsIsRefused(t *testing.T) {
	_, err := New(Config{On: []string{"begin"}, RetryFor: -1, Dir: t.TempDir()})
	require.ErrorContains(t, err, `"begin" is no kind of notification; write some of [start rollback halt stuck end]`)
	require.ErrorContains(t, err, "write a positive duration")
}

// TestTitlesGoWhereTheyAreKnown fails when an upgrade of the library brings a
// service that refuses messages with a title, or takes titles now.
func TestTitlesGoWhereTheyAreKnown(t *testing.T) {
	for _, name := range services() {
		s, err := (&router.ServiceRouter{}).NewService(name)
		require.NoError(t, err)
		f, ok := reflect.TypeOf(s).Elem().FieldByName("Config")
		require.True(t, ok, name)
		config, has := f.Type.Elem(), false
		for field := range config.Fields() {
			for key := range strings.SplitSeq(field.Tag.Get("key"), ",") {
				has = has || strings.EqualFold(key, types.TitleKey)
			}
		}
		assert.Equal(t, has, titled(name), name)
	}
}

func TestErrorsOfAServiceLoseTheirSecrets(t *testing.T) {
	s, err := dial("generic+https://user:pa%20ssword@hooks.example.com/services/T0AAAAAAA/zFk3yyyyyyyy?template=json&@Authorization=Bearer%20abcdefgh", 3)
	require.NoError(t, err)
	text := s.redact(fmt.Sprintf(`Post "https://user:pa%%20ssword@hooks.example.com/services/T0AAAAAAA/zFk3yyyyyyyy": refused: token zFk3yyyyyyyy,
		Bearer abcdefgh, pa ssword and pa%%20ssword %s`, strings.Repeat("x", 1000)))
	for _, secret := range []string{"zFk3", "T0AAAAAAA", "abcdefgh", "pa ssword", "ssword", "pa%20"} {
		assert.NotContains(t, text, secret)
	}
	assert.Contains(t, text, "refused")
	assert.LessOrEqual(t, len([]rune(text)), maxReason+1)
}

func TestPagerDutyHasOneIncidentForAnExperiment(t *testing.T) {
	s, err := dial("pagerduty:///eb243592faa24ba2a5511afdf565c889", 1)
	require.NoError(t, err)
	assert.Equal(t, types.Params{"dedup_key": "faultline/x", "severity": "critical", "action": "trigger"}, s.params(Message{Kind: Stuck, Experiment: "x"}))
	assert.Equal(t, types.Params{"dedup_key": "faultline/x", "severity": "info", "action": "resolve"}, s.params(Message{Kind: End, Experiment: "x"}))
}
