package object

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
)

// keys let somebody into a store. The zero value asks without a name.
type keys struct{ id, secret, session string }

const profile = "default"

// findKeys reads a file as AWS's tools keep it; "" is the environment.
func findKeys(file string) (keys, error) {
	if file == "" {
		return keys{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}, nil
	}
	f, err := os.Open(file) //nolint:gosec // the operator names it
	if err != nil {
		return keys{}, fmt.Errorf("reading the store's credentials: %w", err)
	}
	var k keys
	mine := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			mine = strings.Trim(line, "[] \t") == profile
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		if value = strings.TrimSpace(value); !mine {
			continue
		}
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			k.id = value
		case "aws_secret_access_key":
			k.secret = value
		case "aws_session_token":
			k.session = value
		}
	}
	if err := errors.Join(lines.Err(), f.Close()); err != nil {
		return keys{}, fmt.Errorf("reading the store's credentials: %w", err)
	}
	if k.id == "" || k.secret == "" {
		return keys{}, fmt.Errorf("reading the store's credentials: profile %s of %s lacks aws_access_key_id or aws_secret_access_key", profile, file)
	}
	return k, nil
}
