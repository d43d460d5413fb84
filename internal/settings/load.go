package settings

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v3"
)

// DefaultFile is read from the working directory when no other is named. It
// may be missing.
const DefaultFile = "faultline.yaml"

// EnvPrefix begins the names of environment variables: FAULTLINE_HOME,
// FAULTLINE_KAFKA_BROKERS, FAULTLINE_LAKE_KIND and so on.
const EnvPrefix = "FAULTLINE_"

// Load reads the file, then the environment on top of it. home, where it is
// not empty, beats both. Home comes back as an absolute path.
func Load(file, home string) (Settings, error) {
	var s Settings
	if err := s.readFile(file); err != nil {
		return Settings{}, err
	}
	if err := env.ParseWithOptions(&s, env.Options{Prefix: EnvPrefix}); err != nil {
		return Settings{}, fmt.Errorf("reading the environment (%s…): %w", EnvPrefix, err)
	}
	abs, err := filepath.Abs(cmp.Or(home, s.Home, DefaultHome))
	if err != nil {
		return Settings{}, fmt.Errorf("finding the state folder: %w", err)
	}
	s.Home = abs
	return s, nil
}

func (s *Settings) readFile(file string) error {
	named := file != ""
	if !named {
		file = DefaultFile
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if errors.Is(err, os.ErrNotExist) && !named {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading settings: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(s); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading settings from %s: %w", file, err)
	}
	return nil
}
