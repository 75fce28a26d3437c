"""Why there is no plan and which changes give one; or, where there is one, what binds.

Nothing here is read off a relaxation: every change that is proposed was solved and the plan
audited, and what a limit is worth is the difference between two proven answers.
"""

from siting.explanation.explain import Explanation, explain
from siting.explanation.laboratory import add_headroom
from siting.explanation.seek import Change
from siting.explanation.worth import Worth

__all__ = ["Change", "Explanation", "Worth", "add_headroom", "explain"]
