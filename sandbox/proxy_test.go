package sandbox_test

import (
	"strings"
	"testing"

	"github.com/k2-platform/faultline/sandbox"
)

func TestAHomeThatIsTooLongForTheProxysSocketIsRefused(t *testing.T) {
	c := sandbox.Config{Home: "/" + strings.Repeat("h", 90), Self: []string{"x"}}
	if err := c.Validate(); err != nil {
		t.Errorf("without a proxy: %v", err)
	}
	c.Proxy = []string{"faultline", "kafka-proxy"}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "shorter path") {
		t.Errorf("got %v, want what to do about it", err)
	}
	c.Home = c.Home[:80]
	if err := c.Validate(); err != nil {
		t.Errorf("one that fits: %v", err)
	}
}
