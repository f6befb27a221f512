"""What the engine itself may object to, whatever the profile: the checks that no profile names."""

from typing import Final

from msgspec import Struct

from govsec_ci.gate.schema import Text


class OwnGate(Struct, frozen=True, kw_only=True):
    """A gate of the engine.

    :param text: why it is asked; :param next: what closes it
    :param observed, limit: ids of :mod:`texts` for what is seen where it objects, and for what it wants
    :param blocks: whether its objection decides
    """

    title: Text
    text: Text
    next: Text
    observed: str
    limit: str
    blocks: bool


OWN: Final[dict[str, OwnGate]] = {
    "stage": OwnGate(
        title=Text(
            en="The profile has something to decide at this stage",
            ja="プロファイルに、この段階で判定すべき基準があること",
        ),
        text=Text(
            en="A stage at which a profile decides nothing cannot be passed: nothing would have been looked at.",
            ja="判定すべき基準のない段階は、何も確認していないことになるため、合格とはしない。",
        ),
        next=Text(en="Choose another stage or profile.", ja="別の段階又はプロファイルを選択する。"),
        observed="nothing-asked",
        limit="something-asked",
        blocks=True,
    ),
    "in-force": OwnGate(
        title=Text(en="The profile is in force", ja="プロファイルが効力を持つこと"),
        text=Text(
            en="The rules begin or have ended on another day than that of the decision. It is judged by them all the "
            "same, and said.",
            ja="判定日が、規則の効力を持つ期間の外にある。判定は当該規則により行い、その旨を示す。",
        ),
        next=Text(en="Choose another stage or profile.", ja="別の段階又はプロファイルを選択する。"),
        observed="not-in-force",
        limit="in-force",
        blocks=False,
    ),
    "parameters": OwnGate(
        title=Text(en="The declared parameters are known", ja="申告されたパラメータが既知であること"),
        text=Text(
            en="A parameter that no judging profile knows changes nothing. It may be misspelt, or meant for another.",
            ja="判定に用いたプロファイルにないパラメータは効果を持たない。誤記であるか、別のプロファイル向けである可能性がある。",
        ),
        next=Text(
            en="Correct its name, or take it out of the configuration.",
            ja="名称を訂正するか、設定から削除する。",
        ),
        observed="parameters-unknown",
        limit="parameters-known",
        blocks=False,
    ),
    "required": OwnGate(
        title=Text(
            en="What the configuration requires was examined wholly",
            ja="設定が求める検査が完全に行われたこと",
        ),
        text=Text(
            en="A report that the configuration calls required is missing, too old or not whole. No gate asks for its "
            "kind, but whoever wrote the configuration does.",
            ja="設定で必須とされた報告が、欠けているか、古いか、又は完全でない。該当する基準はないが、設定により求められている。",
        ),
        next=Text(
            en="Let what the reasons name be examined or supplied, then judge again: so far nothing more can be said.",
            ja="理由欄に示すものを検査し、又は情報を補った上で、再度判定する。現時点ではこれ以上の判断ができない。",
        ),
        observed="not-whole",
        limit="whole",
        blocks=True,
    ),
    "planned": OwnGate(
        title=Text(
            en="Every planned scan left its run",
            ja="予定された全ての検査の実行記録があること",
        ),
        text=Text(
            en="A scan was planned, and nothing shows that it ran. It may have been lost between the steps: what it "
            "would have found is not known, whether a gate asks for its kind or not.",
            ja="予定された検査の実行記録がなく、途中で失われた可能性がある。該当する基準の有無にかかわらず、検出内容は不明である。",
        ),
        next=Text(
            en="Let what the reasons name be examined or supplied, then judge again: so far nothing more can be said.",
            ja="理由欄に示すものを検査し、又は情報を補った上で、再度判定する。現時点ではこれ以上の判断ができない。",
        ),
        observed="not-whole",
        limit="whole",
        blocks=True,
    ),
}
