"""Which replies say no at HTTP 200, which do not, and what a file may call success.

The bodies are shaped like those of public interfaces: WeChat and Yeastar (`errcode`, `errmsg`), FreeSWITCH (`-ERR`, `+OK`),
Asterisk's manager over HTTP (`Response: Error`), OAuth (`error`), SOAP, Flickr (`stat`), 3CX, Grandstream.
"""

import pytest

from offhook.seed.refusal import refusal, succeeds

JSON, XML, TEXT, HTML = "application/json", "text/xml", "text/plain", "text/html"
SOAP = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><x>1</x></s:Header><s:Body>'
    "{}</s:Body></s:Envelope>"
)
FAULT = SOAP.format(
    "<s:Fault><faultcode>s:Client</faultcode><faultstring>No such extension</faultstring></s:Fault>"
)
AJAX = "<ajax-response><response type='object' id='unknown'><generic response='{}' message='Authentication failed'/></response></ajax-response>"
NO = [
    # content type, body, words that the message quotes
    (JSON, '{"error": "invalid_grant", "error_description": "Bad credentials"}', "invalid_grant Bad credentials"),
    (JSON, '{"error": {"code": 404, "message": "No such extension"}}', "404 No such extension"),
    (JSON, '{"error": true, "message": "busy"}', "busy"),
    (JSON, '{"errors": [{"detail": "unknown device"}]}', "unknown device"),
    (JSON, '{"errcode": 40001, "errmsg": "invalid credential"}', "40001 invalid credential"),
    (JSON, '{"errcode": "-1", "errmsg": "system busy"}', "-1 system busy"),
    (JSON, '{"ErrorCode": 7}', "7"),
    (JSON, '{"err_no": 0, "err_code": 12}', "12"),
    (JSON, '{"code": 500, "msg": "no free channel"}', "500 no free channel"),
    (JSON, '{"code": "E42"}', "E42"),
    (JSON, '{"success": false, "message": "Extension not registered"}', "Extension not registered"),
    (JSON, '{"Success": "false", "reason": "barred"}', "barred"),
    (JSON, '{"ok": false, "description": "Unauthorized"}', "Unauthorized"),
    (JSON, '{"status": "error", "message": "no"}', "error no"),
    (JSON, '{"response": "error", "body": "device busy"}', "error"),
    (JSON, '{"result": "FAILED: no route"}', "no route"),
    (JSON, '{"status": {"code": 1, "message": "denied"}}', "1 denied"),
    (JSON, '{"response": {"meta": {"success": false, "msg": "x"}}}', "x"),
    (JSON, '{"d": {"call": 1, "error": "late"}}', "late"),
    (JSON, '[{"error": "one alone"}]', "one alone"),
    (JSON, '{"error": "拒绝"}', "拒绝"),
    (HTML, '{"error": "labelled as HTML"}', "labelled as HTML"),
    (TEXT, '{"errcode": 3}', "3"),
    (JSON, '{"code": 7, "filler": "' + "x" * 9000 + '", "message": "far behind"}', "7 far behind"),
    (TEXT, "-ERR no such extension: 1024\n", "-ERR no such extension: 1024"),
    (TEXT, "-ERR SUBSCRIBER_ABSENT", "SUBSCRIBER_ABSENT"),
    (HTML, "output:\r\n-ERR CHAN_NOT_IMPLEMENTED", "CHAN_NOT_IMPLEMENTED"),
    (TEXT, "ERROR 404", "404"),
    (TEXT, "Error: unknown user", "unknown user"),
    (TEXT, "KO: no credit", "no credit"),
    (TEXT, "Response: Error\r\nMessage: Authentication failed\r\n", "Authentication failed"),
    (TEXT, "result=ko&message=barred", "barred"),
    (TEXT, "success=0", "0"),
    (TEXT, "code: 12\nmessage: no", "12 no"),
    (JSON, "-ERR labelled as JSON", "labelled as JSON"),
    (JSON, '"ERROR"', "ERROR"),
    ("", "-ERR no label", "no label"),
    (XML, FAULT, "No such extension"),
    (HTML, FAULT, "No such extension"),
    (XML, SOAP.format("<s:Fault><s:Reason><s:Text>Denied</s:Text></s:Reason></s:Fault>"), "Denied"),
    (XML, "<error>No such extension</error>", "No such extension"),
    (XML, "<r><errcode>5</errcode><message>late</message></r>", "5 late"),
    (XML, '<result code="3" message="barred"/>', "3 barred"),
    (XML, '<rsp stat="fail"><err code="105" msg="Service unavailable"/></rsp>', "105 Service unavailable"),
    (XML, AJAX.format("Error"), "Authentication failed"),
    (XML, "<response><success>false</success></response>", "false"),
    (XML, "<apiErrors><apiError><errorType>Invalid</errorType></apiError></apiErrors>", "Invalid"),
    (XML, "<result code=3 message=barred>", "3 barred"),
    (JSON, '{"data": {"error": "busy"}, "id": 1}', "busy"),
    (JSON, '{"call": {"errors": ["late"]}, "account": {"id": 7}, "total": 1}', "late"),
    (JSON, '{"version": "2", "payload": {"success": false, "message": "barred"}}', "False barred"),
    (JSON, '{"id": 1, "whatever": {"status": "failed", "reason": "barred"}}', "failed barred"),
    (JSON, '{"id": 1, "data": {"result": {"error": "deeper"}, "n": 2}}', "deeper"),
    (JSON, '{"d": {"id": 1, "data": {"errcode": 7, "msg": "no line"}}}', "7 no line"),
    (XML, "<r><id>1</id><data><error>busy</error><x>2</x></data></r>", "busy"),
    (JSON, '{"status": 500}', "500"),
    (JSON, '{"status": 403, "id": 1}', "403"),
    (JSON, '{"status": "404", "message": "no such extension"}', "404 no such extension"),
    (JSON, '{"status": "503 Service Unavailable"}', "503"),
    (JSON, '{"id": 1, "data": {"status": 486}}', "486"),
    (JSON, '{"id": 1, "data": {"status": {"code": 404, "message": "no line"}, "n": 2}}', "404 no line"),
    (XML, '<rsp stat="400"><id>1</id></rsp>', "400"),
    (TEXT, "status=500&id=1", "500"),
    (JSON, '{"result": "ERROR no such extension"}', "no such extension"),
    (JSON, '{"result": "Failed to originate the call"}', "originate"),
    (JSON, '{"result": "invalid extension"}', "invalid extension"),
    (JSON, '{"status": "ERROR_NO_ROUTE"}', "NO_ROUTE"),
    (TEXT, "KO no credit left here", "no credit"),
    (TEXT, "ko no credit left here", "no credit"),
    (TEXT, "Error: 05 is no extension", "05"),
    (TEXT, "Error: none of the lines is free", "none of the lines"),
    (JSON, '{"error": "0 lines free"}', "0 lines free"),
    (JSON, '{"error": "error"}', "error"),
    (TEXT, "ERROR: busy\nretries: 0", "busy"),
    (TEXT, "Call refused", "refused"),
    (TEXT, "Permission denied.", "denied"),
    (TEXT, "Unauthorized", "Unauthorized"),
]  # fmt: skip
YES = [
    (JSON, ""),
    (JSON, "{}"),
    (JSON, "null"),
    (JSON, "[]"),
    (JSON, "not JSON at all"),
    (JSON, '{"half": '),
    (TEXT, "OK"),
    (TEXT, "+OK 3f2a"),
    (TEXT, ""),
    ("", ""),
    (HTML, "<html><body>done</body></html>"),
    (JSON, '{"error": null}'),
    (JSON, '{"error": ""}'),
    (JSON, '{"error": false}'),
    (JSON, '{"error": 0, "id": 1}'),
    (JSON, '{"errors": []}'),
    (JSON, '{"error": {}}'),
    (JSON, '{"error": "0"}'),
    (JSON, '{"error": {"code": 0, "message": "no problem"}}'),
    (JSON, '{"error": "none"}'),
    (JSON, '{"Error": "No error"}'),
    (JSON, '{"error": "no_error"}'),
    (JSON, '{"errcode": 0, "errmsg": "ok"}'),
    (JSON, '{"errcode": "0"}'),
    (JSON, '{"errcode": null}'),
    (JSON, '{"code": 0}'),
    (JSON, '{"code": "0000"}'),
    (JSON, '{"code": 200, "msg": "success"}'),
    (JSON, '{"code": "OK"}'),
    (JSON, '{"success": true}'),
    (JSON, '{"success": 1}'),
    (JSON, '{"success": null}'),
    (JSON, '{"status": "ok"}'),
    (JSON, '{"status": "ringing"}'),
    (JSON, '{"result": {"id": 5}}'),
    (JSON, '{"ok": "yes"}'),
    (JSON, '{"calls": [{"error": "busy"}, {"error": ""}], "total": 2}'),
    (JSON, '{"call": {"code": "FR", "id": 1}, "queue": 1}'),
    (JSON, '{"caller": {"error": "x"}, "called": {}}'),
    (JSON, '{"message": "error handling is fine"}'),
    (JSON, '{"errorlevel": 3}'),
    (TEXT, "error=0&result=ok"),
    (TEXT, "Error: none"),
    (TEXT, "Response: Success\r\nMessage: Originate successfully queued"),
    (TEXT, "Errors found: 0"),
    (TEXT, "failover=1"),
    (TEXT, "0388202020"),
    (XML, "<r><error/></r>"),
    (XML, "<r><error>0</error></r>"),
    (XML, '<rsp stat="ok"><id>1</id></rsp>'),
    (XML, AJAX.format("Success")),
    (XML, SOAP.format("<CallResponse><return>1</return></CallResponse>")),
    (XML, "<r><code>0</code></r>"),
    (XML, '<error code="0"/>'),
    (XML, "<calls><call><code>5</code></call><call><code>6</code></call></calls>"),
    (XML, "<broken"),
    (JSON, '{"status": "1024 is ringing"}'),
    (JSON, '{"status": "2026-11-25"}'),
    (JSON, '{"id": 1, "data": {"status": {"code": 0}, "n": 2}}'),
    (JSON, '{"status": 200, "id": 1}'),
    (JSON, '{"status": 302}'),
    (JSON, '{"status": 0}'),
    (JSON, '{"status": 1}'),
    (JSON, '{"result": 4711}'),
    (JSON, '{"response": "500"}'),
    (JSON, '{"status": "20261125T2100"}'),
    (JSON, '{"data": {"errors": 0}, "id": 1}'),
    (JSON, '{"data": {"errors": []}, "id": 1}'),
    (JSON, '{"data": {"status": "ok", "error": null}, "id": 1}'),
    (JSON, '{"data": {"code": 16, "reason": "normal"}, "id": 1}'),
    (JSON, '{"id": 1, "callee": {"status": 486}}'),
    (JSON, '{"id": 1, "data": {"calls": {"error": "one of them"}, "n": 1}}'),
    (JSON, '{"id": 1, "data": [{"error": "one of them"}]}'),
    (JSON, '{"errors": {"count": 0, "items": []}}'),
    (JSON, '{"error": "0 errors"}'),
    (JSON, '{"error": "[]"}'),
    (JSON, '{"error": "0x0"}'),
    (TEXT, "errors=[]&id=1"),
    (TEXT, "errors: 0"),
]
ZERO = ["0", "00", "0.", "none", "None"]
BEGUN = ["Failed calls: {}", "Error count: {}", "Errors: {}", "Refused calls today = {}", "FAILED CALLS: {}", "Denied: {}", "Error {}", "Failed: {}", "error({})", "ERR {}", "Error: {} (success)", "KO: {}"]  # fmt: skip
PROSE = [
    "Failed calls are kept for a week. The call was placed.", "Error handling is on", "Error log was cleared, call queued", "Refused numbers stay barred; yours is dialled.", "Invalid numbers were left out, one call placed",
    "Denied callers hear a message. Dialling 0388202020.", "Failed over to the second trunk, ringing", "Fail-over is ready", "Error-free line found", "Forbidden numbers: see the list",
    "The call is placed. Call refused would be said here if it were not.", "Dialling. Last time: Call refused. Now ringing.", "Nothing failed", "No error", "None refused", "not denied", "0 failed", "Errors found: 0",
    "Erroneous digits were dropped", "Failsafe mode", "koala", "Call forwarding is on, earlier call failed",
]  # fmt: skip
IN = {"text": (TEXT, "{}"), "HTML": (HTML, "<p>{}</p>"), "text as JSON": (JSON, '"{}"'), "result": (JSON, '{{"result": "{}"}}'), "status": (JSON, '{{"id": 1, "status": "{}"}}'), "inside": (JSON, '{{"id": 1, "data": {{"outcome": "{}"}}}}'), "XML": (XML, "<r><response>{}</response></r>")}  # fmt: skip  # fmt: skip


@pytest.mark.parametrize(("content_type", "body", "quoted"), NO)
def test_a_reply_that_says_no_is_quoted(content_type: str, body: str, quoted: str) -> None:
    assert quoted in refusal(body.encode(), content_type)


@pytest.mark.parametrize(("content_type", "body"), YES)
def test_a_reply_that_does_not_say_no_is_none(content_type: str, body: str) -> None:
    assert refusal(body.encode(), content_type) == ""


@pytest.mark.parametrize("place", IN)
@pytest.mark.parametrize("said", [*PROSE, *(begun.format(zero) for begun in BEGUN for zero in ZERO)])
def test_the_first_words_of_a_sentence_and_a_count_of_nothing_are_no_verdict(place: str, said: str) -> None:
    content_type, body = IN[place]
    assert refusal(body.format(said).encode(), content_type) == ""


VERDICTS = [f"{word}{behind}" for word in ("error", "Failed", "REFUSED", "ko", "Denied", "nok") for behind in ("", ".", ": no such line", " 404", " (busy)", " - barred", "_BUSY", " busy", " by the switch here")]  # fmt: skip


@pytest.mark.parametrize("place", [each for each in IN if each != "HTML"])
@pytest.mark.parametrize("said", VERDICTS)
def test_a_word_with_its_reason_is_a_verdict(place: str, said: str) -> None:
    content_type, body = IN[place]
    assert said in refusal(body.format(said).encode(), content_type)


WANTED = [
    # what the file calls success, and what is and is not
    ("json", "status=queued", ['{"status": "queued"}', '{"a": {"status": "Queued"}}'], ['{"status": "error"}', "{}", "", "status=queued", '{"x": "status=queued"}']),
    ("json", "data.call[0].ok=true", ['{"data": {"call": [{"ok": true}]}}'], ['{"data": {"call": [{"ok": false}, {"ok": true}]}}', '{"ok": true}']),
    ("json", "r[].ok = 1 | code=0", ['{"r": [{"ok": 0}, {"ok": 1}]}', '{"code": 0}'], ['{"r": []}', '{"code": 1}']),
    ("json", "accepted", ['{"x": "ACCEPTED"}', '"accepted"'], ['{"x": "unaccepted"}', "null"]),
    ("xml", "r.state=OK", ["<r><state>OK</state></r>", "<r state='ok'/>"], ["<r><state>KO</state></r>", "<r/>", "", '{"state": "OK"}']),
    ("xml", "code=0", ["<r><a code='0'/></r>", "<r><a><code>0</code></a></r>"], ["<r code='1'/>", "<r><decode>0</decode></r>"]),
    ("xml", "response.generic.response=Success", [AJAX.format("Success")], [AJAX.format("Error")]),
    ("text", "+OK", ["+OK 3f2a", "reply: +ok"], ["-ERR", "", "+OKAY"]),
    ("text", "call placed|queued", ["The call  placed.", "QUEUED"], ["call not placed", "enqueued"]),
    ("text", "Response=Success", ["Response: Success\nx: y", "a=1&response=success"], ["Response: Error"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "wanted", "yes", "no"), WANTED)
def test_what_a_file_calls_success(kind: str, wanted: str, yes: list[str], no: list[str]) -> None:
    assert [each for each in yes if not succeeds(each.encode(), "", kind, wanted)] == []
    assert [each for each in no if succeeds(each.encode(), "", kind, wanted)] == []
