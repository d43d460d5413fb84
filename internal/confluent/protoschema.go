package confluent

import (
	"context"
	"errors"
	"fmt"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// rootFile is what the file of a schema is called: the registry gives it no name.
const rootFile = "value.proto"

// compileProtobuf compiles the text of a schema with what it imports. Imports
// are called by the names of the references, or are Google's well-known ones.
func compileProtobuf(ctx context.Context, text string, referred []reference) (protoreflect.FileDescriptor, error) {
	files := map[string]string{rootFile: text}
	for _, r := range referred {
		files[r.name] = r.text
	}
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(files),
	})}
	compiled, err := c.Compile(ctx, rootFile)
	if err != nil {
		return nil, err
	}
	return compiled[0], nil
}

var errNoMessage = errors.New("its frame names a message that the schema lacks")

// MessageAt follows the place of a message in its file: an index at each level.
// It gives the size of what names the place.
//
// Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
func MessageAt(file protoreflect.FileDescriptor, b []byte) (protoreflect.MessageDescriptor, int, error) {
	count, at, err := zigzag(b)
	if err != nil {
		return nil, 0, err
	}
	if count == 0 { // short for the first message
		if file.Messages().Len() == 0 {
			return nil, 0, errNoMessage
		}
		return file.Messages().Get(0), at, nil
	}
	if count < 0 || count > deepest {
		return nil, 0, errNoMessage
	}
	var is protoreflect.MessageDescriptor
	level := file.Messages()
	for range count {
		i, n, err := zigzag(b[at:])
		if err != nil {
			return nil, 0, err
		}
		if i < 0 || i >= int64(level.Len()) {
			return nil, 0, errNoMessage
		}
		at += n
		is = level.Get(int(i))
		level = is.Messages()
	}
	return is, at, nil
}

func zigzag(b []byte) (int64, int, error) {
	v, n := protowire.ConsumeVarint(b)
	if n < 0 {
		return 0, 0, fmt.Errorf("reading the place of the message: %w", protowire.ParseError(n))
	}
	return protowire.DecodeZigZag(v), n, nil
}
