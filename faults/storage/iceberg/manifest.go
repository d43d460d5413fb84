package iceberg

import (
	"errors"
	"fmt"
	"io"

	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"
)

const deleted = 2 // status of an entry whose file is no longer in the table

// Manifests reads a manifest list.
func Manifests(r io.Reader) ([]string, error) {
	return decode(r, "manifest list", func(e struct {
		Path string `avro:"manifest_path"`
	},
	) (string, bool) {
		return e.Path, true
	})
}

// Files reads a manifest: the data and delete files that it keeps in the table.
func Files(r io.Reader) ([]string, error) {
	return decode(r, "manifest", func(e struct {
		Status int32 `avro:"status"`
		File   struct {
			Path string `avro:"file_path"`
		} `avro:"data_file"`
	},
	) (string, bool) {
		return e.File.Path, e.Status != deleted
	})
}

func decode[E any](r io.Reader, what string, path func(E) (string, bool)) (_ []string, err error) {
	codec, err := ocf.ZstdCodec(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("reading a %s: %w", what, err)
	}
	in, err := ocf.NewReader(r, ocf.WithCodec(codec), ocf.WithDecodeOpts(avro.SkipUnknown()))
	if err != nil {
		return nil, fmt.Errorf("reading a %s: %w", what, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	var out []string
	for {
		var e E
		if err := in.Decode(&e); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading a %s: %w", what, err)
		}
		if p, ok := path(e); ok && p != "" {
			out = append(out, p)
		}
	}
}
