"""A guest of wasmhttpd: a small site with one rule in front of it."""

import small_site
from wit_world.exports.handler import (
    Action_Answer,
    Action_LookUp,
    Configuration,
    Content_Text,
    Context,
    Parsed,
    Response,
    SettingHelp,
)

greeting = "Hello!"


class Handler(small_site.Handler):
    """What the component exports."""

    def settings(self) -> list[SettingHelp]:
        return [
            *super().settings(),
            SettingHelp("greeting", "TEXT", "Hello!", "What is said under /hello"),
        ]

    def configure(self, configuration: Configuration) -> None:
        global greeting
        others = []
        for parameter in configuration.parameters:
            if parameter.name == "greeting":
                greeting = parameter.value
            else:
                others.append(parameter)
        super().configure(Configuration(configuration.media, others))

    def parse(self, head: str, context: Context | None) -> Parsed:
        parsed = super().parse(head, context)
        match parsed.action:
            # The rule: change it, or add another one.
            case Action_LookUp(lookup) if lookup.candidates[0] == "/hello":
                parsed.action = Action_Answer(hello())
        return parsed


def hello() -> Response:
    """What is answered without a file."""
    fields = "Content-Type: text/plain; charset=utf-8\r\n"
    return Response(200, fields, Content_Text(f"{greeting}\n"))
