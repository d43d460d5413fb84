package settings_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/internal/settings"
)

func TestNotifyURLsAreReadAndNeverPrinted(t *testing.T) {
	file := write(t, "notify: {urls: ['slack://hook:a-b-c@webhook'], on: [stuck, end], retry_for: 90s}\nhttp: {addr: 127.0.0.1:9090}\n")
	s, err := settings.Load(file, "")
	require.NoError(t, err)
	assert.Equal(t, "slack://hook:a-b-c@webhook", string(s.Notify.URLs[0]))
	assert.Equal(t, []string{"stuck", "end"}, s.Notify.On)
	assert.Equal(t, 90*time.Second, s.Notify.RetryFor)
	assert.Equal(t, "127.0.0.1:9090", s.HTTP.Addr)
	text, err := yaml.Marshal(s.Notify)
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", s, s, s, text), "a-b-c")
	t.Setenv("FAULTLINE_NOTIFY_URLS", "smtp://h/?to=a@x,b@x generic+http://h/")
	s, err = settings.Load(file, "")
	require.NoError(t, err)
	assert.Equal(t, []settings.Secret{"smtp://h/?to=a@x,b@x", "generic+http://h/"}, s.Notify.URLs, "a comma is part of a URL")
}
