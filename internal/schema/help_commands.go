package schema

func commandHelp() map[string]entry {
	return map[string]entry{
		"commands.Schedule": {"Asks to run a document. The record's key becomes the experiment's id; an id is used once.", fields{
			"document": {"The experiment. It is read as strictly as a file: an unknown field is refused.", ""},
			"i_know":   {"true: the requester acknowledges that nothing of lower risk ever ended upheld on the target.", ""},
		}},
		"commands.Approve": {"Lets an experiment run that waits for a second person. ce_source names who approves, as user@host; the user who asked for the experiment is refused.", fields{
			"reason": {"Why, for the record.", ""},
		}},
		"commands.Abort": {"Asks to end early and undo the fault.", fields{
			"reason": {"Why, for the record.", ""},
		}},
		"commands.Halt": {"Says that an operator stopped the experiment by a halt. Agents undo before anybody decides on this.", fields{
			"order": {"Id of the halt.", ""},
			"why":   {"Why, for the record.", ""},
		}},
		"commands.Keep": {"Says that the publisher is still there, which counts where the document's limits name a publisher_lease.", nil},
		"commands.Note": {"Attaches a finding or an improvement to an experiment, also after its end.", fields{
			"kind":   {"What the note is.", ""},
			"text":   {"The note. Not empty.", ""},
			"event":  {"Version of the batch that the note speaks of; none or 0 for the experiment as a whole.", ""},
			"column": {"Column of the outcome tables that the note speaks of.", ""},
		}},
		"commands.Deny": {"Says that the document may not run.", fields{
			"reasons":  {"Why not, one sentence each.", ""},
			"decision": {"What the policy said. Absent where it was not asked: the platform cannot run the document.", ""},
		}},
		"commands.RequestApproval": {"Says that the policy asks for a second person.", fields{
			"decision": {"What the policy said.", ""},
		}},
		"commands.BeginBaseline": {"Says that the policy lets the experiment run, and that samplers are reading.", fields{
			"books":    {"Where the record accounting begins. Absent where the document has no books.", ""},
			"decision": {"What the policy said. Absent only from conductors of earlier releases; production is refused without it.", ""},
		}},
		"commands.CompleteBaseline": {"Brings what was normal before injection.", fields{
			"metrics": {"What was read of each metric, by its name.", ""},
			"windows": {"How many windows the baseline had.", "windows"},
			"broken":  {"How many of them broke the steady state.", "windows"},
		}},
		"commands.ReportInjected": {"Says that the agent saw the fault on its target.", fields{
			"step":    {"Id of the step.", ""},
			"receipt": {"Id of the receipt in the agent's ledger.", ""},
			"seen_at": {"When the fault was seen.", ""},
		}},
		"commands.ReportInjectionFailed": {"Says that the agent did not get the fault in place, and left nothing of it behind.", fields{
			"step": {"Id of the step.", ""},
			"why":  {"What went wrong.", ""},
		}},
		"commands.EndStep": {"Says that a step's time is over: its fault is rolled back as planned. A step that has a time (for) is ended too early by it, and the experiment is inconclusive.", fields{
			"step": {"Id of the step.", ""},
		}},
		"commands.Trigger": {"Says that a rollback trigger fired.", nil},
		"commands.ReportRolledBack": {"Says that the agent saw the fault gone.", fields{
			"step":    {"Id of the step.", ""},
			"cause":   {"Why it was rolled back.", ""},
			"seen_at": {"When it was seen gone.", ""},
			"why":     {"More about the cause, in words.", ""},
			"stays":   {"What it leaves on the target, in words: a schema id that is used up.", ""},
		}},
		"commands.ReportStuck": {"Says that the agent cannot undo the fault.", fields{
			"step":   {"Id of the step.", ""},
			"why":    {"What went wrong.", ""},
			"manual": {"What to run by hand.", ""},
		}},
		"commands.ReportRefusal":  {"Says that an agent refused a request.", nil},
		"commands.JudgeClaim":     {"Brings the answer to one claim of the document.", nil},
		"commands.ReportRecovery": {"Says how the target came back.", nil},
		"commands.CloseBooks":     {"Brings the account of the records.", nil},
	}
}
