package schema

import (
	"maps"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// Commands is the schema of a record of the commands topic, written as an
// object of key, headers and value. The data of each command alone is found
// in $defs under its wire name.
//
// Beside the document, unknown fields are allowed: readers ignore them.
func Commands() []byte {
	s := &jsonschema.Schema{
		Version: jsonschema.Version,
		Type:    "object",
		Description: "A record of the commands topic: key, headers and value. Services publish " +
			strings.Join(published(), ", ") + "; every other command is Faultline's own.",
		Properties:  jsonschema.NewProperties(),
		Required:    []string{"key", "headers", "value"},
		Definitions: jsonschema.Definitions{},
	}
	s.Properties.Set("key", &jsonschema.Schema{
		Type: "string", Pattern: idPattern, Description: "Id of the experiment. It decides the order in which commands are taken.",
	})
	s.Properties.Set("headers", headers())
	s.Properties.Set("value", &jsonschema.Schema{Description: "Data of the command, as JSON."})
	for _, c := range all() {
		one := reflector().Reflect(c)
		maps.Copy(s.Definitions, one.Definitions)
		s.OneOf = append(s.OneOf, record(commands.TypeOf(c), one.Ref))
	}
	shape(s.Definitions)
	open(s.Definitions)
	name(s, "commands.schema.json", "Faultline command")
	return write(s)
}

// all is one zero value of each command.
func all() []commands.Command {
	return []commands.Command{
		commands.Schedule{},
		commands.Approve{},
		commands.Abort{},
		commands.Halt{},
		commands.Keep{},
		commands.Note{},
		commands.Deny{},
		commands.RequestApproval{},
		commands.BeginBaseline{},
		commands.CompleteBaseline{},
		commands.ReportInjected{},
		commands.ReportInjectionFailed{},
		commands.EndStep{},
		commands.Trigger{},
		commands.ReportRolledBack{},
		commands.ReportStuck{},
		commands.ReportRefusal{},
		commands.JudgeClaim{},
		commands.ReportRecovery{},
		commands.CloseBooks{},
	}
}

// published are the commands that services may send; all others are internal.
func published() []string {
	return []string{commands.TypeSchedule, commands.TypeApprove, commands.TypeAbort, commands.TypeKeep, commands.TypeEndStep, commands.TypeNote}
}

func record(wireName, ref string) *jsonschema.Schema {
	typed := jsonschema.NewProperties()
	typed.Set(cloudevent.HeaderType, &jsonschema.Schema{Const: wireName})
	p := jsonschema.NewProperties()
	p.Set("headers", &jsonschema.Schema{Properties: typed})
	p.Set("value", &jsonschema.Schema{Ref: ref})
	return &jsonschema.Schema{Title: wireName, Properties: p}
}

// headers are the CloudEvents attributes in binary mode.
func headers() *jsonschema.Schema {
	p := jsonschema.NewProperties()
	var must []string
	for _, h := range attributes() {
		p.Set(h.name, &jsonschema.Schema{Type: "string", Description: h.means, Pattern: h.pattern, Format: h.format})
		if h.required {
			must = append(must, h.name)
		}
	}
	return &jsonschema.Schema{
		Type: "object", Description: "CloudEvents 1.0 attributes in binary mode.", Properties: p, Required: must,
		AdditionalProperties: &jsonschema.Schema{Type: "string"},
	}
}

type attribute struct {
	name, means     string
	pattern, format string
	required        bool
}

func attributes() []attribute {
	return []attribute{
		{cloudevent.HeaderSpecVersion, "Version of CloudEvents: 1.0.", `^1\.0$`, "", true},
		{cloudevent.HeaderID, "Id of the record, made by its writer. A command whose id was taken before changes nothing, so the same command can be sent again.", `.`, "", true},
		{cloudevent.HeaderType, "Wire name of what the value holds.", `.`, "", true},
		{cloudevent.HeaderSource, "Who wrote the record; of a command, who asks.", `.`, "", true},
		{cloudevent.HeaderSubject, "Id of the experiment. Where it is set it must equal the key.", "", "", false},
		{cloudevent.HeaderTime, "When it was written, RFC 3339.", "", "date-time", true},
		{cloudevent.HeaderContentType, "application/json. Faultline writes it and reads the value as JSON in any case.", "", "", false},
		{cloudevent.HeaderTraceParent, "W3C trace context; handed on to what the record causes.", "", "", false},
	}
}

// open lets every definition that is not part of the document take unknown
// fields.
func open(defs jsonschema.Definitions) {
	for name, d := range defs {
		if _, part := documentHelp()["spec."+name]; part {
			continue
		}
		if _, part := platformHelp()["spec."+name]; part {
			continue
		}
		d.AdditionalProperties = nil
	}
}
