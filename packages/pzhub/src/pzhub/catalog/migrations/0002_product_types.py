"""The seven product types, from their single definition."""

from django.db import migrations
from pztables.product_types import PRODUCT_TYPES


def create_product_types(apps, schema_editor):
    model = apps.get_model("catalog", "ProductType")
    for item in PRODUCT_TYPES:
        model.objects.update_or_create(
            id=item.id,
            defaults={
                "name": item.name,
                "display_name": item.display_name,
                "order": item.order,
                "description": item.description,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunPython(create_product_types, migrations.RunPython.noop)]
