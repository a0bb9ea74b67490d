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
]  # fmt: skip
YES = [
    (JSON, ""), (JSON, "{}"), (JSON, "null"), (JSON, "[]"), (JSON, "not JSON at all"), (JSON, '{"half": '), (TEXT, "OK"), (TEXT, "+OK 3f2a"), (TEXT, ""), ("", ""), (HTML, "<html><body>done</body></html>"),
    (JSON, '{"error": null}'), (JSON, '{"error": ""}'), (JSON, '{"error": false}'), (JSON, '{"error": 0, "id": 1}'), (JSON, '{"errors": []}'), (JSON, '{"error": {}}'), (JSON, '{"error": "0"}'),
    (JSON, '{"error": {"code": 0, "message": "no problem"}}'), (JSON, '{"error": "none"}'), (JSON, '{"Error": "No error"}'), (JSON, '{"error": "no_error"}'),
    (JSON, '{"errcode": 0, "errmsg": "ok"}'), (JSON, '{"errcode": "0"}'), (JSON, '{"errcode": null}'), (JSON, '{"code": 0}'), (JSON, '{"code": "0000"}'), (JSON, '{"code": 200, "msg": "success"}'), (JSON, '{"code": "OK"}'),
    (JSON, '{"success": true}'), (JSON, '{"success": 1}'), (JSON, '{"success": null}'), (JSON, '{"status": "ok"}'), (JSON, '{"status": "ringing"}'), (JSON, '{"result": {"id": 5}}'), (JSON, '{"ok": "yes"}'),
    (JSON, '{"calls": [{"error": "busy"}, {"error": ""}], "total": 2}'), (JSON, '{"call": {"code": "FR", "id": 1}, "queue": 1}'), (JSON, '{"caller": {"error": "x"}, "called": {}}'), (JSON, '{"message": "error handling is fine"}'), (JSON, '{"errorlevel": 3}'),
    (TEXT, "error=0&result=ok"), (TEXT, "Error: none"), (TEXT, "Response: Success\r\nMessage: Originate successfully queued"), (TEXT, "Errors found: 0"), (TEXT, "failover=1"), (TEXT, "0388202020"),
    (XML, "<r><error/></r>"), (XML, "<r><error>0</error></r>"), (XML, '<rsp stat="ok"><id>1</id></rsp>'), (XML, AJAX.format("Success")), (XML, SOAP.format("<CallResponse><return>1</return></CallResponse>")), (XML, "<r><code>0</code></r>"), (XML, '<error code="0"/>'),
    (XML, "<calls><call><code>5</code></call><call><code>6</code></call></calls>"), (XML, "<broken"),
]  # fmt: skip


@pytest.mark.parametrize(("content_type", "body", "quoted"), NO)
def test_a_reply_that_says_no_is_quoted(content_type: str, body: str, quoted: str) -> None:
    assert quoted in refusal(body.encode(), content_type)


@pytest.mark.parametrize(("content_type", "body"), YES)
def test_a_reply_that_does_not_say_no_is_none(content_type: str, body: str) -> None:
    assert refusal(body.encode(), content_type) == ""


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
