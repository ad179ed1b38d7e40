"""The standard activities, one file per family, entering by one door: `engine.activity`.

`ALL` is the list that the entry point `engine.activities` names; a stranger's package has one too.
"""

from typing import Final, cast

from activities.decisions import simple_decider
from activities.devices.registration import (
    RtasRegistrationPage,
    complete_rtas_registration,
    start_rtas_registration,
)
from activities.devices.transactions import (
    RtasTransactionPage,
    complete_rtas_transaction,
    start_rtas_transaction,
)
from activities.flow import end, redirect_user, start
from activities.forms import CustomDataForm
from activities.passcodes.authentication import (
    PasscodeAuthenticationForm,
    SignInForm,
    complete_passcode_authentication,
    start_passcode_authentication,
)
from activities.passcodes.recovery import (
    PasscodeRecoveryForm,
    complete_passcode_recovery,
    start_passcode_recovery,
)
from activities.passcodes.registration import (
    PasscodeRegistrationForm,
    complete_passcode_registration,
    start_passcode_registration,
)
from activities.passcodes.renewal import (
    PasscodeRenewalForm,
    end_passcode_renewal,
    start_passcode_renewal,
)
from activities.pausing import WaitingForResume, pause_instance
from activities.review import (
    WaitingForReview,
    review_required,
    review_status_report,
    write_summary_report,
)
from activities.users import add_user, get_user, lock_user, update_user
from activities.variables import clear_variables, counter, set_variables
from activities.webhooks import SendWebhook
from engine.activity import Activity

_ALL = (
    start,
    end,
    start_passcode_authentication,
    PasscodeAuthenticationForm,
    SignInForm,
    complete_passcode_authentication,
    start_passcode_registration,
    PasscodeRegistrationForm,
    complete_passcode_registration,
    start_passcode_renewal,
    PasscodeRenewalForm,
    end_passcode_renewal,
    start_passcode_recovery,
    PasscodeRecoveryForm,
    complete_passcode_recovery,
    simple_decider,
    CustomDataForm,
    get_user,
    add_user,
    update_user,
    lock_user,
    counter,
    clear_variables,
    set_variables,
    redirect_user,
    pause_instance,
    WaitingForResume,
    review_required,
    review_status_report,
    WaitingForReview,
    write_summary_report,
    SendWebhook,
    start_rtas_registration,
    RtasRegistrationPage,
    complete_rtas_registration,
    start_rtas_transaction,
    RtasTransactionPage,
    complete_rtas_transaction,
)
# Checkers do not see what a decorator makes of a class: an activity, as of a function.
ALL: Final = cast("tuple[Activity, ...]", _ALL)
