"""People in the operators' room: accounts, and their roles in sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from pipeline.desk.people import section_choices
from pipeline.desk.words import ROLES
from pipeline.ledger.models import Membership

if TYPE_CHECKING:  # Django's own classes take no parameters; only their stubs do
    _ModelForm = forms.ModelForm[Membership]
    _TabularInline = admin.TabularInline[Membership, User]
    _UserAdmin = UserAdmin[User]
else:
    _ModelForm, _TabularInline, _UserAdmin = forms.ModelForm, admin.TabularInline, UserAdmin


class MembershipForm(_ModelForm):
    """A role in one of the sections of network.toml."""

    section = forms.ChoiceField(label=_("section"))

    class Meta:
        model = Membership
        fields = ("section", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["section"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = section_choices(self.instance.section)


class MembershipInline(_TabularInline):
    """The sections of a person."""

    model = Membership
    form = MembershipForm
    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    has_change_permission = has_delete_permission = has_view_permission


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(_UserAdmin):
    """Accounts. Operators manage them all but those of superusers; only a superuser makes somebody an operator."""

    inlines: ClassVar = [MembershipInline]
    list_display = ("username", "email", "works_in", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    @admin.display(description=_("sections"))
    def works_in(self, user: User) -> str:
        """The person's sections, for the list."""
        return ", ".join(f"{row.section} ({ROLES[row.role]})" for row in user.memberships.all())

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("memberships")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _is_superuser(request) else (*fields, "is_staff", "is_superuser")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002
        return request.user.is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_staff

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not _is_superuser(request)
        return request.user.is_staff and not above

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever leaves is set inactive; only a superuser takes an account away altogether."""
        return _is_superuser(request) and obj != request.user


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser
